"""Is a part of a larger grid worth more than the whole of a smaller one?

At the published size a clip's time goes into encoder passes and into the head, which sees every point of the grid.
Grids of several shapes, whole or in part (`Options.grid_points`), are estimated on games whose Shapley values are known
exactly: the errors of phi beside the seconds that such a clip takes, and how often +-1.96 standard errors hold the
truth.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import click
import numpy as np

from batcher.designs import draw_design, draw_ordered, modality_seed, sparse_grid
from batcher.estimators import DEFAULT, Explanation, SparseGrid, estimate
from bench.accuracy.summary import geometric_mean
from bench.accuracy.synthetic import SYNTHETIC, synthetic_game
from bench.exact_truth import relative_error
from bench.grid_game import BoolArray, Designs, FloatArray, GridGame
from bench.output import Column, Report, Section, publish
from media.modality import MODALITIES

PLAYERS: Final = (8, 8, 8)
"""Of text, audio and video: 128 masks of none of them are all."""
SEEDS: Final = 20
SECONDS: Final = (0.090, 0.230, 0.010)
"""Of a pass of text, audio and video at the published size, on one thread, pictures sharing their convolutions."""
SECONDS_PER_POINT: Final = 45e-6
"""Of the head."""
Z: Final = 1.96

BY_GAME: Final = "errors by game"
SUMMARY: Final = f"{DEFAULT} on a part of the grid, over games"


@dataclass(frozen=True)
class Setting:
    """A shape of the grid, and how much of it is evaluated."""

    masks: tuple[int, int, int]
    points: int | None = None
    """At most; None: all."""

    def grid(self) -> SparseGrid:
        """The points that are evaluated."""
        return sparse_grid(self.masks, self.points or math.prod(self.masks))

    @property
    def seconds(self) -> float:
        """Of a clip, in passes and in the head."""
        passes = sum(K * each for K, each in zip(self.masks, SECONDS, strict=True))
        return passes + self.grid().points * SECONDS_PER_POINT


SETTINGS: Final = (
    Setting((48, 48, 48)),
    Setting((64, 64, 64), 1 << 14),
    Setting((64, 64, 64), 1 << 16),
    Setting((64, 64, 64)),
    Setting((64, 32, 128)),
    Setting((64, 64, 128), 1 << 17),
    Setting((96, 64, 128), 1 << 17),
    Setting((96, 96, 96), 1 << 16),
    Setting((96, 96, 96), 1 << 18),
    Setting((128, 128, 128), 1 << 17),
)


@dataclass(frozen=True)
class GameRow:
    """One setting on one game."""

    game: Annotated[str, Column("game")]
    text: Annotated[int, Column("masks\ntext")]
    audio: Annotated[int, Column("\naudio")]
    video: Annotated[int, Column("\nvideo")]
    points: Annotated[int, Column("points", ",")]
    error: Annotated[float, Column("rel. L2\nof phi", ".4f")]
    """Root mean square over seeds."""
    covered: Annotated[float, Column("phi in\ninterval", ".1%")]
    """The mean over players and seeds."""
    se: Annotated[float, Column("se over\nerror", ".2f")]
    """Both as root mean squares."""


@dataclass(frozen=True)
class SummaryRow:
    """One setting over games."""

    text: Annotated[int, Column("masks\ntext")]
    audio: Annotated[int, Column("\naudio")]
    video: Annotated[int, Column("\nvideo")]
    points: Annotated[int, Column("points", ",")]
    part: Annotated[float, Column("of the\ngrid", ".0%")]
    seconds: Annotated[float, Column("seconds\nof a clip", ".0f")]
    error: Annotated[float, Column("rel. L2\nof phi", ".4f")]
    """The geometric mean over games."""
    covered: Annotated[float, Column("phi in interval\nmean", ".1%")]
    covered_least: Annotated[float, Column("\nleast", ".1%")]
    covered_most: Annotated[float, Column("\nmost", ".1%")]
    se: Annotated[float, Column("se over\nerror", ".2f")]
    """The geometric mean over games."""


def measure(
    games: Sequence[str] = SYNTHETIC,
    *,
    settings: Sequence[Setting] = SETTINGS,
    players: tuple[int, int, int] = PLAYERS,
    seeds: int = SEEDS,
) -> Report:
    """Estimate each game from grids of each setting.

    Args:
        games: of `bench.accuracy.synthetic`.
        settings: in the order in which they are shown.
        players: of text, audio and video.
        seeds: estimates of each game by each setting.
    """
    rows = [row for name in games for row in game_rows(name, synthetic_game(name, players=players), settings, seeds)]
    passes = ", ".join(f"{seconds * 1000:.0f}" for seconds in SECONDS)
    notes = (
        f"{seeds} seeds, {len(games)} games of {' + '.join(map(str, players))} players; geometric means over games.",
        f"Seconds: {passes} ms a pass of text, audio and video, {SECONDS_PER_POINT * 1e6:.0f} us a point.",
    )
    options = {"games": list(games), "players": list(players), "seeds": seeds}
    return Report(
        "part_of_grid",
        "none",
        options,
        (Section(SUMMARY, list(summary_rows(rows, settings)), notes), Section(BY_GAME, rows, shown=False)),
    )


def game_rows(name: str, game: GridGame, settings: Sequence[Setting], seeds: int) -> Iterator[GameRow]:
    """A row for each setting."""
    for setting in settings:
        phi, se = (np.array(part) for part in zip(*(_once(game, setting, s) for s in range(seeds)), strict=True))
        errors = phi - game.phi
        yield GameRow(
            name,
            *setting.masks,
            points=setting.grid().points,
            error=math.sqrt(np.mean([relative_error(one, game.phi) ** 2 for one in phi])),
            covered=float((np.abs(errors) <= Z * se).mean()),
            se=float(np.linalg.norm(se) / np.linalg.norm(errors)),
        )


def estimate_once(game: GridGame, setting: Setting, seed: int) -> Explanation:
    """An estimate of a game from one draw of the designs, as a clip is explained."""
    grid = setting.grid()
    seeds = [modality_seed(seed, "part of grid", modality) for modality in MODALITIES]
    if grid.whole:
        designs = _designs(draw_design(n, K, s) for n, K, s in zip(game.n, grid.masks, seeds, strict=True))
        return estimate(game.grid(designs)[..., None], designs)
    designs = _designs(draw_ordered(n, levels, s) for n, levels, s in zip(game.n, grid.levels, seeds, strict=True))
    return estimate(game.part(grid, designs), designs)


def summary_rows(rows: Sequence[GameRow], settings: Sequence[Setting]) -> Iterator[SummaryRow]:
    """A row for each setting."""
    for setting in settings:
        points = setting.grid().points
        mine = [row for row in rows if (row.text, row.audio, row.video) == setting.masks and row.points == points]
        covered = [row.covered for row in mine]
        yield SummaryRow(
            *setting.masks,
            points=points,
            part=points / math.prod(setting.masks),
            seconds=setting.seconds,
            error=geometric_mean([row.error for row in mine]),
            covered=float(np.mean(covered)),
            covered_least=min(covered),
            covered_most=max(covered),
            se=geometric_mean([row.se for row in mine]),
        )


def _once(game: GridGame, setting: Setting, seed: int) -> tuple[FloatArray, FloatArray]:
    found = estimate_once(game, setting, seed)
    assert found.se is not None  # noqa: S101  # pairs were drawn
    return found.phi[:, 0], found.se[:, 0]


def _designs(drawn: Iterator[BoolArray]) -> Designs:
    text, audio, video = drawn
    return text, audio, video


@click.command(help=__doc__)
@click.option("--games", multiple=True, type=click.Choice(SYNTHETIC), help="[default: all]")
@click.option("--players", nargs=3, type=click.IntRange(min=1), default=PLAYERS, show_default=True, help="T A V.")
@click.option("--seeds", type=click.IntRange(min=1), default=SEEDS, show_default=True, help="Estimates of each.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, games: tuple[str, ...], players: tuple[int, int, int], seeds: int, json_file: Path | None) -> None:
    """Run the bench."""
    publish(measure(games or SYNTHETIC, players=players, seeds=seeds), json_file)


if __name__ == "__main__":
    main()
