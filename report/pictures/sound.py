"""Sound: the waveform above, the values of its stretches below."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from report.pictures.style import FAINT, INK, bounds, colours, new_figure, plain, roomy, short, whiskers

POINTS: Final = 1200
"""Columns of a waveform: each spans from the lowest to the highest of its samples."""
NARROW: Final = 0.018
"""Share of the axis below which a word isn't written."""
LETTER: Final = 0.011
"""Share of the axis that a letter takes."""


def draw_sound(
    wave: NDArray[np.float32] | None,
    wave_ms: tuple[float, float],
    spans_ms: NDArray[np.float64],
    phi: NDArray[np.float64],
    se: NDArray[np.float64] | None,
    *,
    names: Sequence[str | None] = (),
    title: str,
    unit: str,
) -> Figure:
    """A waveform, and under it the value of each half-second or word, on one axis of time.

    Args:
        wave: [N] samples; None where the media can't be read.
        wave_ms: when they begin and end, in ms of the media file.
        spans_ms: [n, 2], when each stretch begins and ends, in ms of the media file.
        phi: [n], Shapley values.
        se: [n], their standard errors; None where the estimator gives none.
        names: [n], words; None for a pause or a half-second.
        title: above it.
        unit: of phi.
    """
    figure = new_figure(7.6, 3.6, title, uncertain=se is not None)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 3])
    if wave is None or not len(wave):
        above.text(0.5, 0.5, "the sound can't be read", transform=above.transAxes, ha="center", color=FAINT)
    else:
        _wave(above, wave, wave_ms)
    draw_stretches(below, spans_ms, phi, se)
    _names(below, spans_ms, names)
    plain(above)
    above.set_yticks([])
    above.spines["left"].set_visible(False)
    below.set_xlabel("time in the media file, ms", fontsize=8)
    below.set_ylabel(f"Shapley value, {unit}", fontsize=8)
    below.set_xlim(min(wave_ms[0], spans_ms.min()), max(wave_ms[1], spans_ms.max()))
    return figure


def draw_stretches(
    axes: Axes, spans_ms: NDArray[np.float64], phi: NDArray[np.float64], se: NDArray[np.float64] | None
) -> None:
    """Bars as wide as what they stand for, scaled to their extremes."""
    starts, widths = spans_ms[:, 0], np.diff(spans_ms)[:, 0]
    errors = {"ecolor": INK, "elinewidth": 0.9}
    axes.bar(
        starts, phi, widths, align="edge", color=colours(phi), edgecolor="white", linewidth=0.8, yerr=whiskers(se),
        error_kw=errors,
    )  # fmt: skip
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_ylim(*roomy(*bounds(phi, se)))
    plain(axes)


def _wave(axes: Axes, wave: NDArray[np.float32], wave_ms: tuple[float, float]) -> None:
    """Lowest and highest samples of each column, scaled to the loudest."""
    edges = np.linspace(0, len(wave), min(POINTS, len(wave)) + 1).astype(int)
    low, high = (reduce(wave, edges[:-1]) for reduce in (np.minimum.reduceat, np.maximum.reduceat))
    times = np.linspace(*wave_ms, len(low))
    axes.fill_between(times, low, high, color=FAINT, linewidth=0.4, edgecolor=FAINT)
    loudest = float(np.abs(wave).max()) or 1.0
    axes.set_ylim(-1.05 * loudest, 1.05 * loudest)


def _names(axes: Axes, spans_ms: NDArray[np.float64], names: Sequence[str | None]) -> None:
    """Words above their bars, those that have room for them."""
    whole = float(np.ptp(spans_ms)) or 1.0
    for (start, end), name in zip(spans_ms, names, strict=False):
        width = (end - start) / whole
        if name and width > NARROW:
            said = short(name)
            axes.text(
                (start + end) / 2, 1.02, said, transform=axes.get_xaxis_transform(), fontsize=7.5, ha="center",
                va="bottom", rotation=0 if len(said) * LETTER < width else 90, parse_math=False,
            )  # fmt: skip
