"""Figures of yes or no for each emotion, as IEMOCAP's."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sseft.metrics.classes import ClassFigures, counted

YES_NO: Final = ("no", "yes")
SEPARATOR: Final = "|"
"""Between the true emotions of a segment that has several."""
NONE: Final = "none"
"""Stands for the true emotions of a segment that has none of them."""


def emotion_figures(
    true: NDArray[np.bool_], predicted: NDArray[np.bool_], labels: Sequence[str]
) -> Mapping[str, ClassFigures]:
    """A choice between no and yes for every emotion, as the original evaluates IEMOCAP.

    Args:
        true: [S, C], whether a segment has an emotion.
        predicted: [S, C], whether the model says so: P(yes) above 1/2.
        labels: [C]

    Returns:
        By emotion; accuracy and `weighted(f1)` are the figures that papers print.

    Raises:
        ValueError: the shapes differ, or there is nothing.
    """
    if true.shape != predicted.shape or true.ndim != 2 or true.shape[1] != len(labels) or not len(true):  # noqa: PLR2004
        raise ValueError(f"true is {true.shape}, predicted {predicted.shape}; both are [S, {len(labels)}], S above 0")
    pairs = zip(labels, true.T.astype(np.intp), predicted.T.astype(np.intp), strict=True)
    return {label: ClassFigures(YES_NO, counted(one, other, len(YES_NO))) for label, one, other in pairs}
