"""Words as bars."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from report.pictures.style import (
    DEVIATIONS,
    INK,
    colours,
    extreme,
    new_figure,
    plain,
    short,
    value,
    whiskers,
)

MOST: Final = 15
"""Bars; what has less influence is summed in one more."""
BAR_INCHES: Final = 0.26


def draw_text(
    tokens: Sequence[str], phi: NDArray[np.float64], se: NDArray[np.float64] | None, *, title: str, unit: str
) -> Figure:
    """Tokens as bars, the most influential on top.

    Args:
        tokens: [n], the text of each.
        phi: [n], Shapley values.
        se: [n], their standard errors; None where the estimator gives none.
        title: above it.
        unit: of phi.

    Returns:
        The figure. Of more than 15 tokens the others are one bar, whose standard error is left out: theirs depend on
        each other.
    """
    order = np.argsort(-np.abs(phi), kind="stable")
    first, rest = order[:MOST], order[MOST:]
    figure = new_figure(6.4, 1.3 + BAR_INCHES * (len(first) + bool(len(rest))), title, uncertain=se is not None)
    axes = figure.add_subplot()
    shown = None if se is None else se[first]
    _bars(axes, phi[first], shown)
    names = [short(tokens[i]) for i in first]
    if len(rest):
        axes.barh(len(first), phi[rest].sum(), color=colours(phi[rest].sum(keepdims=True)), alpha=0.4)
        names.append(f"{len(rest)} others together")
    axes.set_yticks(range(len(names)), names, fontsize=9, parse_math=False)
    reach = max(extreme(phi[first], shown), abs(float(phi[rest].sum())))
    low = float((phi[first] if shown is None else phi[first] - DEVIATIONS * shown).min(initial=phi[rest].sum()))
    axes.set_xlim(min(low, 0) * 1.1 - 0.02 * reach, 1.3 * reach)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.invert_yaxis()
    axes.set_xlabel(f"Shapley value, {unit}", fontsize=8)
    return figure


def _bars(axes: Axes, phi: NDArray[np.float64], se: NDArray[np.float64] | None) -> None:
    places = np.arange(len(phi))
    axes.barh(places, phi, xerr=whiskers(se), color=colours(phi), error_kw={"ecolor": INK, "elinewidth": 0.9})
    axes.axvline(0, color=INK, linewidth=0.8)
    for place, mean in zip(places, phi, strict=True):
        error = None if se is None else float(se[place])
        reach = max(float(mean), 0.0) + (DEVIATIONS * error if error else 0.0)
        axes.annotate(
            value(float(mean), error),
            (reach, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color=INK,
        )
    plain(axes)
    axes.tick_params(axis="y", length=0)
