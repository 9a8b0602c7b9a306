"""All methods on one game: their curves, and the rows that follow."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np

from bench.accuracy import flops
from bench.accuracy.curve import Cost, Point, cost_at
from bench.accuracy.games import NamedGame
from bench.accuracy.libraries import LIBRARIES
from bench.accuracy.measured import library_points, own_point
from bench.accuracy.rows import AT, LEAST_ERROR, MASKS, GameRow, OwnRow, PointRow, RatioRow
from bench.grid_game import GridGame
from media.modality import MODALITIES

TERA: Final = 1e12


@dataclass(frozen=True)
class Settings:
    """How much is measured."""

    estimators: tuple[str, ...]
    """The first is the one whose error is to be reached."""
    libraries: tuple[str, ...] = tuple(LIBRARIES)
    seeds: int = 5
    """Of each library's budget."""
    own_seeds: int = 20
    cap: int = 8192
    """Evaluations of a library in one run."""


@dataclass(frozen=True)
class Compared:
    """One game, and the curves of all methods."""

    row: GameRow
    masks: tuple[int, int, int]
    """2^n of text, audio and video."""
    own: dict[str, list[Point]]
    """By estimator, a point for each of `MASKS`."""
    libraries: dict[str, list[Point]] = field(default_factory=dict)
    """None for a game that the grid enumerates: there is no error to reach."""

    @property
    def error(self) -> float:
        """What is to be reached: the first estimator's error at K = 64."""
        return max(LEAST_ERROR, self._first[MASKS.index(AT)].error)

    @property
    def ours(self) -> Cost:
        """What the first estimator needs for it: that of K = 64, or less where the error is the least."""
        return cost_at(self.error, self._first, self.masks).cost

    @property
    def _first(self) -> list[Point]:
        return next(iter(self.own.values()))


def compare(named: NamedGame, settings: Settings) -> Compared:
    """Measure all methods on a game."""
    game = named.game
    own = {name: [own_point(name, game, K, settings.own_seeds) for K in MASKS] for name in settings.estimators}
    text, audio, video = game.values.shape
    found = Compared(_game_row(named.name, game), (text, audio, video), own)
    if max(game.values.shape) > AT:
        for name in settings.libraries:
            points = library_points(LIBRARIES[name], game, error=found.error, cap=settings.cap, seeds=settings.seeds)
            found.libraries[name] = list(points)
    return found


def own_rows(found: Compared) -> Iterator[OwnRow]:
    """A row for each of the project's estimators."""
    for name, points in found.own.items():
        cost = points[MASKS.index(AT)].cost
        tflop = flops.of_shared_passes(cost) / TERA
        figures = [*(point.error for point in points), cost.passes, cost.points, tflop, cost.seconds]
        yield OwnRow(found.row.game, name, *figures)


def ratio_rows(found: Compared) -> Iterator[RatioRow]:
    """A row for each library that took a budget below the cap."""
    ours, error = found.ours, found.error
    for name, points in found.libraries.items():
        if not points:
            continue
        needed = cost_at(error, points, found.masks)
        cost = needed.cost
        separate, shared = flops.of_separate_passes(cost), flops.of_shared_passes(cost)
        own = flops.of_shared_passes(ours)
        yield RatioRow(
            game=found.row.game,
            method=name,
            error=error,
            evaluations=cost.points,
            passes=cost.passes,
            ratio=cost.passes / ours.passes,
            distinct=cost.distinct_passes,
            ratio_distinct=cost.distinct_passes / ours.passes,
            tflop=separate / TERA,
            ratio_flop=separate / own,
            tflop_shared=shared / TERA,
            ratio_flop_shared=shared / own,
            seconds=cost.seconds,
            bound=needed.bound,
        )


def point_rows(found: Compared) -> Iterator[PointRow]:
    """A row for each point of each curve."""
    for method, points in (found.own | found.libraries).items():
        for point in points:
            cost = point.cost
            yield PointRow(found.row.game, method, point.error, cost.passes, cost.distinct_passes, asdict(cost))


def _game_row(name: str, game: GridGame) -> GameRow:
    shares = game.shares()
    return GameRow(
        game=name,
        players=" + ".join(map(str, game.n)),
        **{modality: shares[modality] for modality in MODALITIES},
        none=float(game.values[0, 0, 0]),
        all=float(game.values[-1, -1, -1]),
        deviation=float(np.std(game.values)),
        masks=" x ".join(f"{min(AT, K)}{'*' if K <= AT else ''}" for K in game.values.shape),
    )
