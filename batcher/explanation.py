"""What explaining one clip gave: from the values of its grid to Shapley values and shares."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batcher.designs import enough, reliable
from batcher.estimators import Explanation, SparseGrid, SparseValues, estimate
from batcher.grid import Grid, GridPart
from batcher.players import Player, Players
from batcher.shares import Shares, shares_of
from batcher.task import Designs, Task
from media.modality import MODALITIES, Modality
from sseft.heads import HeadKind, values_of

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SegmentExplanation:
    """What explaining one clip gave. p players, C classes of which E are explained."""

    players: tuple[Player, ...]
    """p players in the order text, audio, video."""
    explained: tuple[int, ...]
    """Indices of the E classes."""
    estimate: Explanation
    """phi and standard errors [p, E]."""
    shares: tuple[Shares, ...]
    """Of each of the E classes, over the modalities that are present, in their order."""
    p_none: FloatArray
    """[C], values with every player masked: probabilities, or a score."""
    p_all: FloatArray
    """[C], values with nothing masked."""
    masks: Mapping[Modality, int]
    """Sub-masks of each modality, 0 where it is absent."""
    frames_encoded: int
    grid_points: int
    """Coalitions whose values were evaluated: the product of the masks, or fewer."""
    converged: bool
    """Whether the masks were enough to determine every player's value, and to reach the tolerance where one was set."""
    reliable: bool | None
    """Whether there were masks enough to trust standard errors and intervals; None where the estimator gives none."""
    trained: bool
    """False: the model's weights are random, and the explanation means nothing."""
    seconds: Mapping[str, float]
    """encode, grid and estimate."""

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Those that have players."""
        return tuple(m for m in MODALITIES if self.masks[m])

    @property
    def predicted(self) -> int:
        """Index of the class with the largest value."""
        return int(self.p_all.argmax())


def explanation_of(task: Task, sampled: Designs, grid: Grid | GridPart[SparseGrid]) -> SegmentExplanation:
    """The explanation that the values of a grid give, or of a part of it.

    All classes are estimated, so that what is found of one doesn't depend on which others are explained.
    """
    started = time.perf_counter()
    options, artefact, players = task.options, task.artefact, task.players
    designs = {m: sampled[m] if m in sampled else np.zeros((1, 0), np.bool_) for m in MODALITIES}
    values = _values(grid, artefact.head)
    p_none = _at(values, tuple(int(np.argmin(designs[m].sum(1))) for m in MODALITIES))
    p_all = _at(values, tuple(int(np.argmax(designs[m].sum(1))) for m in MODALITIES))
    explained = tuple(range(len(p_all))) if options.classes == "all" else (int(p_all.argmax()),)
    estimated = estimate(
        values,
        (designs["text"], designs["audio"], designs["video"]),
        estimator=options.estimator,
        seed=task.seed("estimator"),
    ).of_classes(explained)
    described = tuple(player for p in players.values() for player in p.described)
    groups, seed = groups_of(described, tuple(players)), task.seed("shares")
    return SegmentExplanation(
        players=described,
        explained=explained,
        estimate=estimated,
        shares=tuple(shares_of(estimated, groups, column, seed) for column in range(len(explained))),
        p_none=p_none,
        p_all=p_all,
        masks={m: len(designs[m]) if m in players else 0 for m in MODALITIES},
        frames_encoded=grid.frames_encoded,
        grid_points=values.grid.points if isinstance(values, SparseValues) else math.prod(values.shape[:-1]),
        converged=not estimated.diagnostics.get("rank_deficiency", 0) and _all_of(enough, players, designs),
        reliable=None if estimated.se is None else _all_of(reliable, players, designs),
        trained=artefact.trained,
        seconds={"encode": grid.encode_s, "grid": grid.grid_s, "estimate": time.perf_counter() - started},
    )


def _values(grid: Grid | GridPart[SparseGrid], head: HeadKind) -> FloatArray | SparseValues:
    if isinstance(grid, Grid):
        return values_of(grid.logits, head)
    return SparseValues(grid.part, tuple(values_of(logits, head) for logits in grid.cells))


def _at(values: FloatArray | SparseValues, point: tuple[int, ...]) -> FloatArray:
    """The values [C] of a point of the grid."""
    found: FloatArray = values.at(point) if isinstance(values, SparseValues) else values[point]
    return found


def groups_of(players: tuple[Player, ...], modalities: tuple[Modality, ...]) -> NDArray[np.intp]:
    """The place of each player's modality among those present, [p]."""
    return np.array([modalities.index(player.modality) for player in players], dtype=np.intp)


def _all_of(suffice: Callable[[int, int], bool], players: Mapping[Modality, Players], designs: Designs) -> bool:
    """Whether every modality's masks suffice for its players."""
    return all(suffice(p.n, len(designs[m])) for m, p in players.items())
