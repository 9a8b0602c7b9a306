"""Errors and costs of estimators on a game whose exact values are known: the project's, and those of libraries."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batcher.designs import DRAW, draw_ordered, modality_seed
from batcher.estimators import SparseGrid, design_kind, estimate
from bench.accuracy.curve import Cost, Point
from bench.accuracy.libraries import Library
from bench.exact_truth import relative_error
from bench.grid_game import BoolArray, Designs, FloatArray, GridGame
from media.modality import MODALITIES

LookUp = Callable[[NDArray[Any]], FloatArray]


@dataclass
class Recorder:
    """A game's look-up that knows what was asked of it."""

    game: GridGame
    evaluations: int = 0
    seconds: float = 0.0
    """Spent in looking up."""
    seen: tuple[BoolArray, ...] = field(init=False)
    """Of each modality, bool [2^n]: whether a sub-mask was asked for."""

    def __post_init__(self) -> None:
        self.seen = tuple(np.zeros(K, np.bool_) for K in self.game.values.shape)

    def __call__(self, coalitions: NDArray[Any]) -> FloatArray:
        """Values [M] of coalitions [M, p]."""
        started = time.perf_counter()
        rows = self.game.rows(np.atleast_2d(coalitions))
        for seen, asked in zip(self.seen, rows, strict=True):
            seen[asked] = True
        found: FloatArray = self.game.values[rows]
        self.evaluations += len(found)
        self.seconds += time.perf_counter() - started
        return found


def own_point(estimator: str, game: GridGame, K: int, seeds: int) -> Point:
    """One of the project's estimators on grids of K sub-masks of each modality, or of all where 2^n <= K."""
    errors, seconds = [], []
    for seed in range(seeds):
        designs = draw_designs(estimator, game.n, K, seed)
        values = game.grid(designs)[..., None]
        started = time.perf_counter()
        phi = estimate(values, designs, estimator=estimator, seed=seed).phi[:, 0]
        seconds.append(time.perf_counter() - started)
        errors.append(relative_error(phi, game.phi))
    masks = [float(len(design)) for design in designs]
    cost = [math.prod(masks), *masks, *masks, float(np.mean(seconds))]
    return Point(_root_mean_square(errors), Cost(*cost))


def draw_designs(estimator: str, n: tuple[int, int, int], K: int, seed: int) -> Designs:
    """The sub-masks bool [K_m, n_m] that an estimator is given, of the kind that it takes.

    Args:
        estimator: its name.
        n: players of text, audio and video.
        K: sub-masks of each modality at most.
        seed: of the draw.
    """
    text, audio, video = (
        DRAW[design_kind(estimator)](players, min(K, 1 << players), of_modality)
        for players, of_modality in zip(n, _seeds(seed), strict=True)
    )
    return text, audio, video


def draw_part(n: tuple[int, int, int], part: SparseGrid, seed: int) -> Designs:
    """The sub-masks that `draw_designs` gives an interpolation, in the order that a part of their grid takes."""
    text, audio, video = (draw_ordered(*each) for each in zip(n, part.levels, _seeds(seed), strict=True))
    return text, audio, video


def library_points(library: Library, game: GridGame, *, error: float, cap: int, seeds: int) -> Iterator[Point]:
    """A library's errors at budgets that double until one has the error, or the next is beyond the cap."""
    for budget in budgets(library.fewest(game.p), cap):
        point = library_point(library, game, budget, range(seeds))
        yield point
        if point.error <= error:
            return


def budgets(fewest: int, cap: int) -> Iterator[int]:
    """Evaluations, doubling, from the fewest that a library takes."""
    budget = fewest
    while budget <= cap:
        yield budget
        budget *= 2


def library_point(library: Library, game: GridGame, budget: int, seeds: Sequence[int]) -> Point:
    """A library's error at one budget, and the means over seeds of what it asked for."""
    errors: list[float] = []
    costs: list[list[float]] = []
    for seed in seeds:
        recorder = Recorder(game)
        started = time.perf_counter()
        phi = library.run(recorder, game.p, budget, seed)
        seconds = time.perf_counter() - started - recorder.seconds
        errors.append(relative_error(phi, game.phi))
        asked = [float(recorder.evaluations)] * 4
        costs.append([*asked, *(float(np.count_nonzero(seen)) for seen in recorder.seen), seconds])
    return Point(_root_mean_square(errors), Cost(*(float(mean) for mean in np.mean(costs, axis=0))))


def _seeds(seed: int) -> list[int]:
    return [modality_seed(seed, "accuracy", modality) for modality in MODALITIES]


def _root_mean_square(errors: Sequence[float]) -> float:
    return math.sqrt(np.mean(np.square(errors)))
