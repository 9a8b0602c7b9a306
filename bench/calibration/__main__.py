"""`python -m bench.calibration`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

import bench.calibration
from batcher.estimators import DEFAULT, takes_sparse_grid
from bench.accuracy.__main__ import chosen_estimators
from bench.calibration.estimates import estimate_often
from bench.calibration.games import GAMES as NAMED
from bench.calibration.games import game_of
from bench.calibration.rows import GAMES, NOISE, SUMMARY, game_row, noise_rows, summary_rows
from bench.output import Report, Section, publish

MASKS: Final = (32, 64, 128)
PARTS: Final = (1.0,)
SEEDS: Final = 500


def measure(
    games: Sequence[str] = tuple(NAMED),
    *,
    masks: Sequence[int] = MASKS,
    parts: Sequence[float] = PARTS,
    estimators: Sequence[str] = (DEFAULT,),
    seeds: int = SEEDS,
) -> Report:
    """Estimate each game from so many grids, and compare with the truth.

    Args:
        games: of `bench.calibration.games`.
        masks: K, sub-masks of each modality.
        parts: of the points of their grid, at most, that are evaluated; as `sparse_grid`.
        estimators: that take a grid.
        seeds: estimates of each game with each K and part.
    """
    rows = []
    for name in games:
        game = game_of(name)
        rows += [
            game_row(name, estimator, K, estimate_often(game, estimator, K, seeds, part=part), part=part)
            for estimator in estimators
            for K in masks
            for part in parts
        ]
    lists = {"games": games, "masks": masks, "parts": parts, "estimators": estimators}
    options = {name: list(each) for name, each in lists.items()} | {"seeds": seeds}
    return Report(
        "calibration",
        "none",
        options,
        (
            Section(GAMES, rows, _notes(seeds)),
            Section(SUMMARY, list(summary_rows(rows)), ("Aims, from K = 64 on: 90 to 98 % of intervals, 1 point.",)),
            Section(
                NOISE, list(noise_rows(rows)), ("0: noise adds to phi. -1: phi is shrunk, as a posterior mean is.",)
            ),
        ),
    )


def _notes(seeds: int) -> tuple[str, ...]:
    return (
        f"{seeds} seeds. Bias: of the mean over seeds, so it is known to the error below over {seeds**0.5:.0f}.",
        "Intervals of 95 %. Mean over players, or modalities; players whose error is rounding aren't counted.",
        "Part: of the grid's points, at most, that are evaluated, or what it takes for every mask to be met.",
        "-: an estimate has no standard errors, or nothing was sampled.",
    )


@click.command(help=bench.calibration.__doc__)
@click.option("--games", multiple=True, type=click.Choice(list(NAMED)), help="[default: all]")
@click.option("--masks", multiple=True, type=click.IntRange(min=2), default=MASKS, show_default=True, help="Of K.")
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.FloatRange(0, 1, min_open=True),
    default=PARTS,
    show_default=True,
    help="Of the grid's points, at most, that are evaluated.",
)
@click.option("--estimator", "estimators", multiple=True, help=f"That takes a grid.  [default: {DEFAULT}]")
@click.option("--seeds", type=click.IntRange(min=1), default=SEEDS, show_default=True, help="Estimates of each.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(
    *,
    games: tuple[str, ...],
    masks: tuple[int, ...],
    parts: tuple[float, ...],
    estimators: tuple[str, ...],
    seeds: int,
    json_file: Path | None,
) -> None:
    """Run the bench."""
    chosen = chosen_estimators(estimators) if estimators else (DEFAULT,)
    for name in chosen:
        if min(parts) < 1 and not takes_sparse_grid(name):
            raise click.BadParameter(f"{name!r} takes whole grids; leave out --part, or give --estimator {DEFAULT}")
    publish(measure(games or tuple(NAMED), masks=masks, parts=parts, estimators=chosen, seeds=seeds), json_file)


if __name__ == "__main__":
    main()
