"""Pictures: a grey frame, and over it what its cells, its regions or its moments carried."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import AbstractPathEffect, withStroke
from numpy.typing import NDArray

from report.cells import Moments
from report.pictures.sound import draw_stretches
from report.pictures.style import FAINT, GROUND, INK, RED_BLUE, decimals, error, extreme, new_figure, short, value

OPACITY: Final = 0.62
"""Of the cell that carried most; others are the fainter the less they did."""
FAINTEST: Final = 0.08
REGION_CHARACTERS: Final = 12
"""Of a region's name in a cell."""
PIXELS: Final = 256
"""Of a ground without a frame."""


def draw_picture(
    frame: NDArray[np.uint8] | None,
    phi: NDArray[np.float64],
    se: NDArray[np.float64] | None,
    *,
    regions: NDArray[np.object_] | None = None,
    hidden: Sequence[str] = (),
    moments: Moments | None = None,
    title: str,
    unit: str,
) -> Figure:
    """A grey frame, and beside it the same frame under red and blue cells; groups of frames as bars below.

    Args:
        frame: [H, W] grey or [H, W, 3] RGB; None where the media can't be read.
        phi: [R, C], the Shapley value of each cell from the top left; NaN where there is none. [1, 1] is the whole.
        se: [R, C], their standard errors; None where the estimator gives none.
        regions: [R, C], the name of the region that each cell belongs to, or None; cells of one name are one player,
            whose value is written once. Without regions each cell is a player.
        hidden: regions that lie in no cell; the picture names them.
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
    _cells(right, phi, regions, most)
    _values(right, phi, se, regions)
    if hidden:
        right.set_title(f"not shown: {short(', '.join(hidden), 48)}", fontsize=8, color=FAINT, parse_math=False)
    scale = ScalarMappable(Normalize(-most, most), RED_BLUE)
    bar = upper.colorbar(scale, ax=right, shrink=0.8)
    bar.set_label(f"Shapley value, {unit}", fontsize=8)
    bar.ax.tick_params(labelsize=8, width=0.6)
    if moments is not None:
        unknown = "; errors of its groups' sums aren't known" if se is not None and moments.se is None else ""
        _moments(parts[1, 0].subplots(), moments, unit, unknown)
    return figure


def _grey(frame: NDArray[np.uint8] | None) -> NDArray[np.float64]:
    if frame is None:
        return np.full((PIXELS, PIXELS), float(int(GROUND[1:3], 16)))
    return frame.astype(np.float64) if frame.ndim == 2 else frame @ np.array([0.299, 0.587, 0.114])  # noqa: PLR2004


def _cells(axes: Axes, phi: NDArray[np.float64], regions: NDArray[np.object_] | None, most: float) -> None:
    """Red and blue by intensity; white lines between players."""
    rows, columns = phi.shape
    for (row, column), one in np.ndenumerate(phi):
        if np.isnan(one):
            continue
        colour = to_hex(RED_BLUE(1.0 if one > 0 else 0.0))
        opacity = FAINTEST + (OPACITY - FAINTEST) * float(np.clip(abs(one) / most, 0, 1))
        edge = "white" if regions is None else "none"
        axes.add_patch(_rectangle((column / columns, row / rows), 1 / columns, 1 / rows, colour, opacity, edge))
    if regions is not None:
        axes.add_collection(LineCollection(list(_borders(regions)), colors="white", linewidths=1.0))


def _borders(regions: NDArray[np.object_]) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Between cells of unlike regions: where each line begins and ends, as shares of the frame."""
    rows, columns = regions.shape
    for row, column in np.argwhere(regions[:, 1:] != regions[:, :-1]):
        yield ((column + 1) / columns, row / rows), ((column + 1) / columns, (row + 1) / rows)
    for row, column in np.argwhere(regions[1:] != regions[:-1]):
        yield (column / columns, (row + 1) / rows), ((column + 1) / columns, (row + 1) / rows)


def _values(
    axes: Axes, phi: NDArray[np.float64], se: NDArray[np.float64] | None, regions: NDArray[np.object_] | None
) -> None:
    """What each player carried and how sure that is, once: of a region in the cell nearest to its middle."""
    rows, columns = phi.shape
    digits = decimals(phi)
    for members in _members(phi, regions):
        row, column = members[np.square(members - members.mean(axis=0)).sum(axis=1).argmin()]
        lines = [value(float(phi[row, column]), digits)]
        lines += [] if se is None else [error(float(se[row, column]), digits)]
        name = None if regions is None else regions[row, column]
        lines = lines if name is None else [short(name, REGION_CHARACTERS), *lines]
        axes.text(
            (column + 0.5) / columns, (row + 0.5) / rows, "\n".join(lines), ha="center", va="center", fontsize=7.5,
            color="white", path_effects=_outline(), parse_math=False,
        )  # fmt: skip


def _members(phi: NDArray[np.float64], regions: NDArray[np.object_] | None) -> list[NDArray[np.intp]]:
    """The cells of each player, [cells, 2] rows and columns."""
    there = ~np.isnan(phi)
    if regions is None:
        return [cell[None] for cell in np.argwhere(there)]
    names = dict.fromkeys(regions[there])
    return [np.argwhere(there & (regions == name)) for name in names]


def _moments(axes: Axes, moments: Moments, unit: str, unknown: str) -> None:
    draw_stretches(axes, moments.spans_ms, moments.phi, moments.se)
    axes.axvspan(*moments.spans_ms[moments.strongest], color=GROUND, zorder=0)
    axes.set_xlabel(f"time in the media file, ms; the frame is of the grey group{unknown}", fontsize=8)
    axes.set_ylabel(unit, fontsize=8)


def _rectangle(
    place: tuple[float, float], width: float, height: float, colour: str, opacity: float, edge: str
) -> Rectangle:
    return Rectangle(place, width, height, facecolor=colour, alpha=opacity, edgecolor=edge, linewidth=0.6)


def _outline() -> list[AbstractPathEffect]:
    """White figures are read on any ground by their dark outline."""
    return [withStroke(linewidth=1.6, foreground=INK)]
