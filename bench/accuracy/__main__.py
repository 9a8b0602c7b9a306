"""`python -m bench.accuracy`."""

from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

import bench.accuracy
from batcher.estimators import estimator_names, takes_grid
from bench.accuracy.compare import Settings, compare, own_rows, point_rows, ratio_rows
from bench.accuracy.games import Games
from bench.accuracy.libraries import LIBRARIES
from bench.accuracy.plot import plot_errors
from bench.accuracy.rows import GAMES, LEAST_ERROR, LIBRARIES_COMPARED, OWN, POINTS, RATIOS, SUMMARY
from bench.accuracy.summary import library_rows, summary_rows
from bench.accuracy.synthetic import SYNTHETIC
from bench.demo import common_options, described
from bench.output import Report, Section, publish
from export.artefact import load_artefact

PREFERRED: Final = ("grid-interpolation", "grid-interpolation-ard", "grid-kernelshap", "chains")
CLIPS: Final = "clips"
CLIP_COUNT: Final = 9
TINY: Final = 3
"""Players of the game that compiles shap's functions."""


def measure(model: Path, manifest: Path, games: Games, settings: Settings, *, plot: Path | None = None) -> Report:
    """Compare errors at equal cost, and costs at equal error.

    Args:
        model: the artefact that clips are evaluated by.
        manifest: of the clips, with words, sound and picture.
        games: which.
        settings: estimators, libraries, and how long.
        plot: where to draw the curves.
    """
    _warm_up(settings)
    compared = [compare(named, settings) for named in games.made(model, manifest)]
    if plot is not None:
        plot_errors({c.row.game: c.own | c.libraries for c in compared}, settings.estimators, plot)
    ratios = [row for found in compared for row in ratio_rows(found)]
    shares = {found.row.game: found.row.largest for found in compared}
    sections = [
        Section(GAMES, [found.row for found in compared], ("*: K >= 2^n, so this modality is enumerated.",)),
        Section(OWN, [row for found in compared for row in own_rows(found)], _own_notes(settings)),
    ]
    if ratios:
        sections += [
            Section(RATIOS, ratios, _ratio_notes(settings)),
            Section(LIBRARIES_COMPARED, list(library_rows(ratios, shares))),
            Section(SUMMARY, list(summary_rows(ratios, shares))),
        ]
    points = Section(POINTS, [row for found in compared for row in point_rows(found)], shown=False)
    weights = described(load_artefact(model)) if games.clips else "none"
    return Report("accuracy", weights, _options(games, settings), (*sections, points))


def _warm_up(settings: Settings) -> None:
    """Have everything compiled and loaded, so that seconds are those of estimating."""
    for name in settings.libraries:
        LIBRARIES[name].run(lambda coalitions: np.atleast_2d(coalitions).sum(axis=1, dtype=float), TINY, 1 << TINY, 0)


def _own_notes(settings: Settings) -> tuple[str, ...]:
    return (
        f"Root mean square over {settings.own_seeds} seeds of |phi - exact| / |exact|.",
        "TFLOP: at the published size, a clip of 22 positions of text, 3.6 s and 90 frames; pairs are left out.",
    )


def _ratio_notes(settings: Settings) -> tuple[str, ...]:
    versions = ", ".join(f"{name} {version(name)}" for name in ("shap", "shapiq", "captum"))
    return (
        f"ours: {settings.estimators[0]}. Others: root mean square over {settings.seeds} seeds; {versions}.",
        f"Where that error is below {LEAST_ERROR:.0%}, {LEAST_ERROR:.0%} is to be reached, by ours as by others.",
        "passes: three for each evaluation. distinct: no sub-mask of a modality is encoded twice in a run.",
        "FLOPs: every evaluation runs the encoders. shared: distinct sub-masks by our graphs, sharing convolutions.",
        f"extrapolated: the error isn't reached within {settings.cap:,} evaluations; beyond, it falls as 1 / root.",
        "fewest: it is reached with the fewest evaluations that the method takes. Clips: the predicted class.",
    )


def _options(games: Games, settings: Settings) -> dict[str, Any]:
    return {
        "games": list(games.synthetic),
        "players": list(games.players),
        "grids": [str(path) for path in games.grids],
        "clips": games.clips,
        "estimators": list(settings.estimators),
        "libraries": list(settings.libraries),
        "seeds": settings.seeds,
        "own_seeds": settings.own_seeds,
        "cap": settings.cap,
    }


def chosen_games(names: tuple[str, ...], grids: tuple[Path, ...], clips: int) -> Games:
    """The games of a command: all, unless some are named, or a file is given."""
    names = names or (() if grids else (*SYNTHETIC, CLIPS))
    synthetic = tuple(name for name in SYNTHETIC if name in names)
    return Games(synthetic=synthetic, grids=grids, clips=clips if CLIPS in names else 0)


def chosen_estimators(names: tuple[str, ...]) -> tuple[str, ...]:
    """The estimators of a command: those named, or else those that this bench is about.

    Raises:
        click.BadParameter: one is unknown or takes no grid.
    """
    for name in names:
        if name not in estimator_names():
            raise click.BadParameter(f"{name!r} is unknown; there are {', '.join(estimator_names())}")
        if not takes_grid(name):
            raise click.BadParameter(f"{name!r} takes a list of coalitions; give one that takes a grid")
    return names or tuple(name for name in PREFERRED if name in estimator_names())


@click.command(help=bench.accuracy.__doc__)
@common_options
@click.option("--games", "names", multiple=True, type=click.Choice([*SYNTHETIC, CLIPS]), help="[default: all]")
@click.option(
    "--grid",
    "grids",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A game of yours, instead: an .npz file of values and all sub-masks text, audio, video.",
)
@click.option("--clips", type=click.IntRange(min=1), default=CLIP_COUNT, show_default=True, help="Of the manifest.")
@click.option("--estimator", "estimators", multiple=True, help="The first is compared with the libraries.")
@click.option("--library", "libraries", multiple=True, type=click.Choice(list(LIBRARIES)), help="[default: all]")
@click.option("--seeds", type=click.IntRange(min=1), default=Settings.seeds, show_default=True, help="Of libraries.")
@click.option("--own-seeds", type=click.IntRange(min=1), default=Settings.own_seeds, show_default=True)
@click.option(
    "--cap", type=click.IntRange(min=1), default=Settings.cap, show_default=True, help="Evaluations of one run."
)
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw the curves: .svg or .png.")
def main(
    *,
    model: Path,
    manifest: Path,
    json_file: Path | None,
    names: tuple[str, ...],
    grids: tuple[Path, ...],
    clips: int,
    estimators: tuple[str, ...],
    libraries: tuple[str, ...],
    plot: Path | None,
    **amounts: int,
) -> None:
    """Run the bench."""
    settings = Settings(chosen_estimators(estimators), libraries or tuple(LIBRARIES), **amounts)
    publish(measure(model, manifest, chosen_games(names, grids, clips), settings, plot=plot), json_file)


if __name__ == "__main__":
    main()
