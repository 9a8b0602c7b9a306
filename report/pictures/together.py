"""Text against sound: what each word carried as written, and as heard."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from report.pictures.style import (
    DEVIATIONS,
    FAINT,
    INK,
    NEGATIVE,
    POSITIVE,
    bounds,
    colours,
    new_figure,
    plain,
    roomy,
    short,
    whiskers,
)

LINE: Final = "#e08214"
"""Of sound: neither red nor blue, which are signs."""
WORD_INCHES: Final = 0.42
WIDTHS: Final = (6.4, 16.0)
"""Inches, at least and at most; a title needs the least."""


def draw_text_against_sound(
    words: Sequence[str],
    word_phi: NDArray[np.float64],
    word_se: NDArray[np.float64] | None,
    sound_phi: NDArray[np.float64],
    sound_se: NDArray[np.float64] | None,
    *,
    timed: bool,
    title: str,
    unit: str,
) -> Figure:
    """Words as bars, and a line of what the sound carried while each was said.

    Args:
        words: [n], in the order in which they are said.
        word_phi: [n], Shapley values of each as text.
        word_se: [n], their standard errors; None where the estimator gives none.
        sound_phi: [n], what the sound carried meanwhile; NaN where there was none.
        sound_se: [n], standard errors of it, or None.
        timed: whether times of words are known; if not, they are spread evenly, and the picture says so.
        title: above it.
        unit: of phi.
    """
    width = float(np.clip(1.8 + WORD_INCHES * len(words), *WIDTHS))
    figure = new_figure(width, 3.8, title, uncertain=word_se is not None)
    axes = figure.add_subplot()
    places = np.arange(len(words))
    errors = {"ecolor": INK, "elinewidth": 0.9}
    axes.bar(places, word_phi, 0.7, color=colours(word_phi), yerr=whiskers(word_se), error_kw=errors)
    line = _line(axes, places, sound_phi, sound_se)
    axes.axhline(0, color=INK, linewidth=0.8)
    (low, high), (sound_low, sound_high) = bounds(word_phi, word_se), bounds(sound_phi, sound_se)
    axes.set_ylim(*roomy(min(low, sound_low), max(high, sound_high)))
    axes.set_xticks(places, [short(word) for word in words], rotation=55, ha="right", fontsize=8, parse_math=False)
    axes.set_ylabel(f"Shapley value, {unit}", fontsize=8)
    plain(axes)
    both = (Patch(color=POSITIVE), Patch(color=NEGATIVE))
    axes.legend(
        [both, line], ["words", "sound meanwhile"], handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
        loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=7.5, frameon=False,
    )  # fmt: skip
    if not timed:
        axes.set_title("times of words unknown: spread evenly over the sound", fontsize=8, color=FAINT, loc="left")
    return figure


def _line(axes: Axes, places: NDArray[np.intp], phi: NDArray[np.float64], se: NDArray[np.float64] | None) -> Line2D:
    (line,) = axes.plot(places, phi, color=LINE, marker="o", markersize=3.5, linewidth=1.4)
    if se is not None:
        low, high = phi - DEVIATIONS * se, phi + DEVIATIONS * se
        axes.fill_between(places, low, high, color=LINE, alpha=0.25, linewidth=0, zorder=0.5)
    return line
