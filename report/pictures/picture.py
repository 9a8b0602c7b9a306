"""Pictures: a grey frame, and over it what its cells, its regions or its moments carried."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import AbstractPathEffect, withStroke
from numpy.typing import NDArray

from report.cells import Moments
from report.pictures.sound import draw_stretches
from report.pictures.style import GROUND, INK, RED_BLUE, error, extreme, new_figure

OPACITY: Final = 0.62
"""Of the cell that carried most; others are the fainter the less they did."""
FAINTEST: Final = 0.08
PIXELS: Final = 256
"""Of a ground without a frame."""


def draw_picture(
    frame: NDArray[np.uint8] | None,
    phi: NDArray[np.float64],
    se: NDArray[np.float64] | None,
    *,
    moments: Moments | None = None,
    title: str,
    unit: str,
) -> Figure:
    """A grey frame, and beside it the same frame under red and blue cells; groups of frames as bars below.

    Args:
        frame: [H, W] grey or [H, W, 3] RGB; None where the media can't be read.
        phi: [R, C], the Shapley value of each cell from the top left; NaN where there is none. [1, 1] is the whole.
        se: [R, C], their standard errors; None where the estimator gives none.
        moments: groups of frames, where players lie in time.
        title: above it.
        unit: of phi.
    """
    figure = new_figure(7.6, 4.2 if moments is None else 5.6, title, uncertain=se is not None)
    parts = figure.subfigures(
        1 if moments is None else 2, 1, squeeze=False, height_ratios=[3, 1.3][: 1 + bool(moments)]
    )
    upper = parts[0, 0]
    left, right = upper.subplots(1, 2)
    grey = _grey(frame)
    for axes in (left, right):
        axes.imshow(grey, cmap="gray", vmin=0, vmax=255, extent=(0, 1, 1, 0))
        axes.set_axis_off()
    left.set_title("frame" if frame is not None else "the picture can't be read", fontsize=8, color=INK)
    most = extreme(phi[~np.isnan(phi)], None)
    _cells(right, phi, se, most)
    scale = ScalarMappable(Normalize(-most, most), RED_BLUE)
    upper.colorbar(scale, ax=right, shrink=0.8).set_label(f"Shapley value, {unit}", fontsize=8)
    if moments is not None:
        _moments(parts[1, 0].subplots(), moments, unit)
    return figure


def _grey(frame: NDArray[np.uint8] | None) -> NDArray[np.float64]:
    if frame is None:
        return np.full((PIXELS, PIXELS), float(int(GROUND[1:3], 16)))
    return frame.astype(np.float64) if frame.ndim == 2 else frame @ np.array([0.299, 0.587, 0.114])  # noqa: PLR2004


def _cells(axes: Axes, phi: NDArray[np.float64], se: NDArray[np.float64] | None, most: float) -> None:
    """Red and blue by intensity, each with its value and how sure it is."""
    rows, columns = phi.shape
    for (row, column), one in np.ndenumerate(phi):
        if np.isnan(one):
            continue
        place, share = (column / columns, row / rows), float(np.clip(one / most, -1, 1))
        colour = to_hex(RED_BLUE(1.0 if one > 0 else 0.0))
        opacity = FAINTEST + (OPACITY - FAINTEST) * abs(share)
        axes.add_patch(_rectangle(place, 1 / columns, 1 / rows, colour, opacity))
        said = f"{one:+.3f}" if se is None else f"{one:+.3f}\n{error(float(se[row, column]))}"
        axes.text(
            place[0] + 0.5 / columns, place[1] + 0.5 / rows, said, ha="center", va="center", fontsize=6.5,
            color="white", path_effects=_outline(),
        )  # fmt: skip


def _moments(axes: Axes, moments: Moments, unit: str) -> None:
    draw_stretches(axes, moments.spans_ms, moments.phi, moments.se)
    axes.axvspan(*moments.spans_ms[moments.strongest], color=GROUND, zorder=0)
    axes.set_xlabel("time in the media file, ms; the frame is of the grey group", fontsize=8)
    axes.set_ylabel(unit, fontsize=8)


def _rectangle(place: tuple[float, float], width: float, height: float, colour: str, opacity: float) -> Rectangle:
    return Rectangle(place, width, height, facecolor=colour, alpha=opacity, edgecolor="white", linewidth=0.6)


def _outline() -> list[AbstractPathEffect]:
    """White figures are read on any ground by their dark outline."""
    return [withStroke(linewidth=1.6, foreground=INK)]
