"""True against predicted classes: how often, and what was predicted of each true class."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report.pictures.style import FAINT, INK, plain, short
from sseft.metrics.classes import ClassFigures

COLOURS: Final = ("#999999", "#0072b2", "#d55e00", "#f0e442", "#cc79a7", "#56b4e9", "#009e73", "#e69f00")
"""Of predicted classes (Okabe and Ito 2008: told apart by colour-blind people too); a ninth begins anew."""
SHADES: Final = "Greys"
DARK: Final = 0.55
"""Share from which on a cell's number is white."""
WIDTH: Final = 9.6
"""Inches."""
CLASS_INCHES: Final = 0.42
MARGIN_INCHES: Final = 1.5


def draw_confusions(choices: Mapping[str, ClassFigures], title: str) -> Figure:
    """For each choice its confusion, and beside it the distribution of predictions per true class.

    Args:
        choices: by name, at least one.
        title: above all, taken as it is.
    """
    heights = [MARGIN_INCHES + CLASS_INCHES * len(choice.labels) for choice in choices.values()]
    figure = Figure(figsize=(WIDTH, 0.3 + sum(heights)), layout="constrained", facecolor="white")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK, parse_math=False)
    grid = figure.add_gridspec(len(choices), 2, height_ratios=heights)
    for row, (name, choice) in enumerate(choices.items()):
        _matrix(figure.add_subplot(grid[row, 0]), name, choice)
        _distributions(figure.add_subplot(grid[row, 1]), choice)
    return figure


def _matrix(axes: Axes, name: str, choice: ClassFigures) -> None:
    """Counts, shaded by their share of the true class."""
    shares = choice.distributions
    places, names = range(len(choice.labels)), [short(label) for label in choice.labels]
    axes.imshow(shares, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    for true, predicted in np.ndindex(*shares.shape):
        colour = "white" if shares[true, predicted] > DARK else INK
        count = f"{choice.confusion[true, predicted]:,}"
        axes.text(predicted, true, count, ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(places, names, rotation=45, ha="right", fontsize=8, parse_math=False)
    axes.set_yticks(places, names, fontsize=8, parse_math=False)
    axes.tick_params(length=0)
    axes.spines[:].set_color(FAINT)
    axes.set_ylabel("true", fontsize=8)
    axes.set_xlabel("predicted", fontsize=8)
    axes.set_title(f"{name}: segments", fontsize=9, color=INK, parse_math=False)


def _distributions(axes: Axes, choice: ClassFigures) -> None:
    """A bar of each true class, divided among what it was predicted as."""
    places = np.arange(len(choice.labels))
    left = np.zeros(len(places))
    for predicted, label in enumerate(choice.labels):
        width = choice.distributions[:, predicted]
        axes.barh(places, width, 0.75, left=left, color=COLOURS[predicted % len(COLOURS)], label=short(label))
        left += width
    names = [f"{short(label)} ({n:,})" for label, n in zip(choice.labels, choice.support, strict=True)]
    axes.set_yticks(places, names, fontsize=8, parse_math=False)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.invert_yaxis()
    plain(axes)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("predicted, of each true class", fontsize=8)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=7.5, frameon=False, title="predicted as")
