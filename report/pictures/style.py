"""What all pictures share: colours, type, values in words, and saving."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from batcher.store.atomic import replaced

POSITIVE: Final = "#b2182b"
"""Red: what speaks for the class. With its blue it is told apart by colour-blind people too (ColorBrewer RdBu)."""
NEGATIVE: Final = "#2166ac"
"""Blue: what speaks against it."""
INK: Final = "#1a1a1a"
FAINT: Final = "#8a8a8a"
GROUND: Final = "#d9d9d9"
"""Behind a picture of which no frame is known."""
RED_BLUE: Final = LinearSegmentedColormap.from_list("red_blue", [NEGATIVE, "#f7f7f7", POSITIVE])
DEVIATIONS: Final = 1.96
"""Standard errors that a bar of errors reaches: 95 %."""
FORMATS: Final = ("png", "svg")
DECIMALS: Final = (3, 9)
"""Of a value that is written, at least and at most."""
MOST_CHARACTERS: Final = 24
"""Of a token."""
ROOM: Final = 0.08
"""Left free beyond what is drawn, as a share of it."""
DPI: Final = 160

_UNDRAWN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
"""No font has them, and XML forbids most of them."""
_WITHOUT_DATE: Final[Mapping[str, Mapping[str, Any]]] = {"png": {"Software": None}, "svg": {"Date": None}}


def new_figure(width: float, height: float, title: str, *, uncertain: bool) -> Figure:
    """A white figure with its title.

    Args:
        width: inches.
        height: inches.
        title: taken as it is, not as mathematics.
        uncertain: whether values have standard errors; a picture without says so.
    """
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    said = "whiskers: 95 %, from standard errors" if uncertain else "no standard errors: the estimator gives none"
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK, parse_math=False)
    figure.supxlabel(f"red speaks for it, blue against it; {said}", x=0.01, ha="left", fontsize=7.5, color=FAINT)
    return figure


def plain(axes: Axes) -> None:
    """No box around the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=8, width=0.6)


def colours(phi: NDArray[np.float64]) -> list[str]:
    """Red for what is positive, blue for the others."""
    return [POSITIVE if value > 0 else NEGATIVE for value in phi]


def whiskers(se: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """[n], how far the bars of errors reach; None without standard errors."""
    return None if se is None else DEVIATIONS * se


def extreme(phi: NDArray[np.float64], se: NDArray[np.float64] | None) -> float:
    """The largest magnitude that is drawn, for an axis; never 0."""
    reach = np.abs(phi) + (0.0 if se is None else DEVIATIONS * se)
    return float(reach.max(initial=0.0)) or 1.0


def bounds(phi: NDArray[np.float64], se: NDArray[np.float64] | None) -> tuple[float, float]:
    """The least and the largest that is drawn, errors included, for an axis; 0 lies between them. NaN isn't drawn."""
    reach = np.zeros_like(phi) if se is None else DEVIATIONS * se
    there = ~np.isnan(phi)
    return float((phi - reach)[there].min(initial=0.0)), float((phi + reach)[there].max(initial=0.0))


def roomy(low: float, high: float) -> tuple[float, float]:
    """Bounds with room beyond them; of nothing, from -1 to 1."""
    room = ROOM * (high - low)
    return (low - room, high + room) if room else (-1.0, 1.0)


def short(name: str, most: int = MOST_CHARACTERS) -> str:
    """A name that fits: one line, an ellipsis for what is left out."""
    line = _UNDRAWN.sub("\N{REPLACEMENT CHARACTER}", " ".join(name.split())) or repr(name)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def decimals(phi: NDArray[np.float64]) -> int:
    """Digits after the point by which values of one picture are told apart: two of the largest's, three at least."""
    largest = extreme(phi[~np.isnan(phi)], None)
    return int(np.clip(1 - np.floor(np.log10(largest)), *DECIMALS))


def value(phi: float, digits: int) -> str:
    """A Shapley value with its sign; what is rounded to 0 has none."""
    rounded = round(phi, digits)
    return (f"{rounded:+.{digits}f}" if rounded else f"{0:.{digits}f}").replace("-", "\N{MINUS SIGN}")


def error(se: float, digits: int) -> str:
    """How far a value with this standard error may be off; ±0 where all was enumerated."""
    reach, smallest = DEVIATIONS * se, 10.0**-digits
    if not se:
        return "±0"
    return f"±{reach:.{digits}f}" if reach >= smallest else f"±<{smallest:.{digits}f}"


def save(figure: Figure, path: Path) -> None:
    """Write a picture, whole or not at all; the same figure is the same file.

    Raises:
        ValueError: its format is none of `FORMATS`.
        OSError: it can't be written.
    """
    import matplotlib as mpl  # noqa: PLC0415  # its settings, for this file alone

    kind = path.suffix.removeprefix(".")
    if kind not in FORMATS:
        raise ValueError(f"a picture can't be written as {kind!r}; the formats are {', '.join(FORMATS)}")
    settings: Any = {"svg.hashsalt": "mmexplain", "font.family": ["DejaVu Sans"], "text.parse_math": False}
    with warnings.catch_warnings(), mpl.rc_context(settings), replaced(path) as partial:
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a box stands for what the font lacks
        figure.savefig(partial, format=kind, dpi=DPI, metadata=dict(_WITHOUT_DATE[kind]))
