"""Figures of a score between -3 and 3, as MOSEI's and MOSI's."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sseft.metrics.classes import ClassFigures, counted

LARGEST: Final = 3.0
"""Scores are cut there, up and down, before they are rounded to one of seven classes."""
SIGNS: Final = ("not positive", "positive")


@dataclass(frozen=True)
class ScoreFigures:
    """What the original prints of MOSEI."""

    mean_absolute_error: float
    correlation: float | None
    """Pearson's; None where one side doesn't vary."""
    accuracy_of_seven: float
    """Share whose rounded scores agree."""
    signs: ClassFigures | None
    """Whether a score is positive, without segments whose true one is 0; None where no others are."""


def score_figures(true: NDArray[np.float64], predicted: NDArray[np.float64]) -> ScoreFigures:
    """Compare scores.

    Args:
        true: [S]
        predicted: [S]

    Raises:
        ValueError: as many of both are not there, or a score isn't finite.
    """
    if true.shape != predicted.shape or true.ndim != 1 or not len(true):
        raise ValueError(f"{true.shape} true scores and {predicted.shape} predictions; give as many, and some")
    if not (np.isfinite(true).all() and np.isfinite(predicted).all()):
        raise ValueError("a score isn't a finite number; leave its segment out")
    varies = true.std() > 0 and predicted.std() > 0
    agree = _class_of_seven(true) == _class_of_seven(predicted)
    return ScoreFigures(
        mean_absolute_error=float(np.abs(true - predicted).mean()),
        correlation=float(np.corrcoef(true, predicted)[0, 1]) if varies else None,
        accuracy_of_seven=float(agree.mean()),
        signs=_signs(true, predicted),
    )


def _class_of_seven(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(scores, -LARGEST, LARGEST).round()


def _signs(true: NDArray[np.float64], predicted: NDArray[np.float64]) -> ClassFigures | None:
    those = true != 0
    if not those.any():
        return None
    positive = [(scores[those] > 0).astype(np.intp) for scores in (true, predicted)]
    return ClassFigures(SIGNS, counted(positive[0], positive[1], len(SIGNS)))
