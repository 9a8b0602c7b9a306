"""Error against encoder passes, as a picture."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.accuracy.curve import Point

COLUMNS: Final = 4
PANEL_INCHES: Final = (3.4, 2.6)
LEGEND_ENTRY_INCHES: Final = (2.9, 0.2)
COLOURS: Final = (*mpl.color_sequences["tab10"], *mpl.color_sequences["Dark2"])
THICK: Final[Mapping[str, Any]] = {"linewidth": 2.4, "marker": "o", "markersize": 4, "zorder": 3}
THIN: Final[Mapping[str, Any]] = {"linewidth": 1.1, "marker": ".", "markersize": 4, "linestyle": "--"}

Curves = Mapping[str, Sequence[Point]]
"""By method."""


def plot_errors(games: Mapping[str, Curves], own: Sequence[str], path: Path) -> None:
    """Draw a panel for each game, on logarithmic axes, and one legend.

    Args:
        games: curves, by the game's name.
        own: the methods to draw in front, of the project.
        path: `.svg` or `.png`; its folder is there.
    """
    columns = min(COLUMNS, len(games))
    rows = math.ceil(len(games) / columns)
    styles = _styles(games, own)
    width = PANEL_INCHES[0] * columns
    in_row = max(1, int(width / LEGEND_ENTRY_INCHES[0]))
    height = PANEL_INCHES[1] * rows + LEGEND_ENTRY_INCHES[1] * math.ceil(len(styles) / in_row)
    with mpl.rc_context({"svg.hashsalt": "accuracy", "font.size": 9}):
        figure = Figure(figsize=(width, height), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel, (game, curves) in zip(panels, games.items(), strict=False):
            _draw(panel, game, curves, styles)
        for panel in panels[len(games) :]:
            panel.axis("off")
        for panel in panels[max(0, len(games) - columns) : len(games)]:
            panel.set_xlabel("encoder passes")
        figure.supylabel("relative L2 error of phi", fontsize="medium")
        handles = [Line2D([], [], label=method, **style) for method, style in styles.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=in_row, frameon=False)
        # A date in an SVG would make every drawing of the same curves another file.
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=150)


def _styles(games: Mapping[str, Curves], own: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colours of all methods, the same in all panels: the project's first and thick, others dashed."""
    methods = dict.fromkeys(method for curves in games.values() for method in curves)
    return {
        method: {"color": COLOURS[i % len(COLOURS)], **(THICK if method in own else THIN)}
        for i, method in enumerate(sorted(methods, key=lambda method: method not in own))
    }


def _draw(panel: Any, game: str, curves: Curves, styles: Mapping[str, Mapping[str, Any]]) -> None:
    for method, points in curves.items():
        passes, errors = [point.cost.passes for point in points], [point.error for point in points]
        panel.plot(passes, errors, **styles[method])
    panel.set(title=game, xscale="log", yscale="log")
    panel.grid(visible=True, which="major", alpha=0.3)
