"""The arrays that estimators take: a product grid, or a list of coalitions, and checks of both."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
GridDesigns = tuple[BoolArray, BoolArray, BoolArray]

MODALITIES = ("text", "audio", "video")


def check_grid(values: npt.ArrayLike, designs: tuple[Any, ...] | list[Any]) -> tuple[FloatArray, GridDesigns]:
    """A grid as float64 [K_T, K_A, K_V, C] and three designs bool [K_m, n_m].

    Raises:
        ValueError: A number of axes or masks doesn't fit, a design isn't bool, or a value isn't finite.
    """
    text, audio, video = check_designs(designs)
    array = _check_values(values)
    K = (len(text), len(audio), len(video))
    if array.shape[:-1] != K:
        raise ValueError(
            f"values have shape {array.shape}, the designs {text.shape}, {audio.shape} and {video.shape}: "
            f"give values [K_T, K_A, K_V, C] with K = {K}"
        )
    return array, (text, audio, video)


def check_designs(designs: Sequence[Any] | BoolArray) -> GridDesigns:
    """Three designs, bool [K_m, n_m].

    Raises:
        ValueError: Their number isn't three, or one isn't bool.
    """
    if len(designs) != len(MODALITIES):
        raise ValueError(f"got {len(designs)} designs: a grid has three, one each of {', '.join(MODALITIES)}")
    text, audio, video = (
        _check_design(f"the {name} design", design) for name, design in zip(MODALITIES, designs, strict=True)
    )
    return text, audio, video


def check_coalitions(values: npt.ArrayLike, coalitions: npt.ArrayLike) -> tuple[FloatArray, BoolArray]:
    """A list of coalitions as float64 [M, C] and bool [M, p].

    Raises:
        ValueError: A number of axes or coalitions doesn't fit, the design isn't bool, or a value isn't
            finite.
    """
    design = _check_design("the design", coalitions)
    array = _check_values(values)
    if array.shape[:-1] != (len(design),):
        raise ValueError(
            f"values have shape {array.shape}, the design {design.shape}: "
            f"give values [M, C] with M = {len(design)}, one row per coalition"
        )
    return array, design


def flatten_grid(values: FloatArray, designs: GridDesigns) -> tuple[FloatArray, BoolArray]:
    """A product grid as a list of coalitions.

    Args:
        values: float64 [K_T, K_A, K_V, C].
        designs: bool [K_T, n_T], [K_A, n_A] and [K_V, n_V].

    Returns:
        values float64 [M, C] and coalitions bool [M, p], with M = K_T K_A K_V (video fastest) and
        p = n_T + n_A + n_V.

    Raises:
        ValueError: As `check_grid`.
    """
    values, designs = check_grid(values, designs)
    K = values.shape[:3]
    rows = np.indices(K).reshape(3, -1)
    coalitions = np.concatenate([design[row] for design, row in zip(designs, rows, strict=True)], axis=1)
    return values.reshape(len(coalitions), values.shape[3]), coalitions


def row_of_size(design: BoolArray, size: int) -> int | None:
    """The first row of a design, bool [K, n], that keeps so many players; None where there is none."""
    rows = np.flatnonzero(design.sum(axis=1) == size)
    return int(rows[0]) if len(rows) else None


def grid_ends(designs: GridDesigns) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The grid points of none and all.

    Raises:
        ValueError: A design lacks none or all.
    """
    rows = [
        (_row(name, design, 0), _row(name, design, design.shape[1]))
        for name, design in zip(MODALITIES, designs, strict=True)
    ]
    return tuple(none for none, _ in rows), tuple(full for _, full in rows)


def check_distinct(designs: GridDesigns) -> None:
    """Look for masks that a design repeats.

    Raises:
        ValueError: One does.
    """
    for name, design in zip(MODALITIES, designs, strict=True):
        repeated = len(design) - len(np.unique(design, axis=0)) if design.shape[1] else len(design) - 1
        if repeated:
            raise ValueError(
                f"the {name} design, of shape {design.shape}, repeats {repeated} of its masks: give each once, a "
                "second value of a mask says nothing new"
            )


def _row(modality: str, design: BoolArray, size: int) -> int:
    row = row_of_size(design, size)
    if row is None:
        raise ValueError(
            f"the {modality} design, of shape {design.shape}, has no mask that keeps {size} players: add "
            "none and all to each design, efficiency needs their values"
        )
    return row


def _check_design(what: str, design: npt.ArrayLike) -> BoolArray:
    array = np.asarray(design)
    if array.dtype != np.bool_:
        raise ValueError(f"{what} has dtype {array.dtype}: give bool, True where a player is kept (.astype(bool))")
    if array.ndim != 2:  # noqa: PLR2004 (masks, players)
        raise ValueError(f"{what} has shape {array.shape}: give [masks, players]")
    return array


def _check_values(values: npt.ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim and not array.shape[-1]:
        raise ValueError(f"values have shape {array.shape}: the last axis holds the classes, give at least one")
    wrong = array.size - int(np.isfinite(array).sum())
    if wrong:
        raise ValueError(f"{wrong} of {array.size} values are NaN or infinite: leave out such a segment or class")
    return array
