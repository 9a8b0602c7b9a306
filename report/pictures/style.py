"""What all pictures share: colours, type, values in words, and saving."""

import logging
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
SMALLEST: Final = 0.001
"""What is told apart from nothing."""
MOST_CHARACTERS: Final = 24
"""Of a token."""
DPI: Final = 160

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
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK, parse_math=False)
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


def short(name: str) -> str:
    """A name that fits: one line, an ellipsis for what is left out."""
    line = " ".join(name.split()) or repr(name)
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"


def value(phi: float, se: float | None) -> str:
    """A Shapley value with its sign, and how far it may be off."""
    return f"{phi:+.3f}" if se is None else f"{phi:+.3f} {error(se)}"


def error(se: float) -> str:
    """How far a value with this standard error may be off."""
    reach = DEVIATIONS * se
    return f"±{reach:.3f}" if reach >= SMALLEST else f"±<{SMALLEST:.3f}"


def save(figure: Figure, path: Path) -> None:
    """Write a picture, whole or not at all; the same figure is the same file.

    Raises:
        OSError: it can't be written.
    """
    import matplotlib as mpl  # noqa: PLC0415  # its settings, for this file alone

    kind = path.suffix.removeprefix(".")
    settings: Any = {"svg.hashsalt": "mmexplain", "font.family": ["DejaVu Sans"], "text.parse_math": False}
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with warnings.catch_warnings(), mpl.rc_context(settings), replaced(path) as partial:
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a box stands for what the font lacks
        figure.savefig(partial, format=kind, dpi=DPI, metadata=dict(_WITHOUT_DATE[kind]))
