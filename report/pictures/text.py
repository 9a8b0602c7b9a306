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
    bounds,
    colours,
    decimals,
    error,
    new_figure,
    plain,
    short,
    value,
    whiskers,
)

MOST: Final = 15
"""Bars; what has less influence is summed in one more."""
BAR_INCHES: Final = 0.26
VALUES_ROOM: Final = 0.3
"""For values beside their bars, as a share of what bars and errors span."""


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
    together = phi[rest].sum(keepdims=True)
    drawn = np.concatenate([phi[first], together])
    digits = decimals(drawn)
    _bars(axes, phi[first], shown, digits)
    names = [short(tokens[i]) for i in first]
    if len(rest):
        axes.barh(len(first), together, color=colours(together), alpha=0.4)
        _annotate(axes, value(float(together[0]), digits), float(together[0]), len(first))
        names.append(f"{len(rest)} others together")
    axes.set_yticks(range(len(names)), names, fontsize=9, parse_math=False)
    low, high = bounds(drawn, None if shown is None else np.append(shown, 0.0))
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.03 * span, high + VALUES_ROOM * span)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.invert_yaxis()
    axes.set_xlabel(f"Shapley value, {unit}", fontsize=8)
    return figure


def _bars(axes: Axes, phi: NDArray[np.float64], se: NDArray[np.float64] | None, digits: int) -> None:
    places = np.arange(len(phi))
    axes.barh(places, phi, xerr=whiskers(se), color=colours(phi), error_kw={"ecolor": INK, "elinewidth": 0.9})
    axes.axvline(0, color=INK, linewidth=0.8)
    for place, mean in zip(places, phi, strict=True):
        said, off = value(float(mean), digits), 0.0 if se is None else float(se[place])
        said = said if se is None else f"{said} {error(off, digits)}"
        _annotate(axes, said, float(mean) + DEVIATIONS * off, int(place))
    plain(axes)
    axes.tick_params(axis="y", length=0)


def _annotate(axes: Axes, said: str, end: float, place: int) -> None:
    """Right of a bar and its errors; of one that ends below 0, right of the line of zero."""
    at = (max(end, 0.0), place)
    axes.annotate(said, at, xytext=(5, 0), textcoords="offset points", va="center", fontsize=7.5, color=INK)
