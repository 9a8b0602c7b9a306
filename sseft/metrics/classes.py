"""Figures of a choice between classes, as MELD's."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

NEUTRAL: Final = "neutral"
"""The class that the thesis sets against all others."""


@dataclass(frozen=True)
class ClassFigures:
    """What a confusion of C classes says. A figure whose denominator is 0 is 0, as in scikit-learn."""

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    """[C, C], how often each true class (row) was predicted as each (column)."""

    @classmethod
    def of(cls, true: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Self:
        """Count predictions.

        Args:
            true: [S], the label of each segment.
            predicted: [S], what the model says.
            labels: [C], all classes.

        Raises:
            ValueError: there is nothing to count, as many true labels as predictions are not there, or one isn't of
                the classes.
        """
        if len(true) != len(predicted) or not len(true):
            raise ValueError(f"{len(true)} true labels and {len(predicted)} predictions; give as many, and some")
        strangers = sorted({*true, *predicted} - {*labels})
        if strangers:
            raise ValueError(f"{', '.join(map(repr, strangers))} is none of the classes {', '.join(labels)}")
        place = {label: i for i, label in enumerate(labels)}
        cells = np.array([[place[label] for label in true], [place[label] for label in predicted]])
        return cls(tuple(labels), counted(cells[0], cells[1], len(labels)))

    @cached_property
    def support(self) -> NDArray[np.int64]:
        """[C], segments of each class."""
        found: NDArray[np.int64] = self.confusion.sum(axis=1)
        return found

    @cached_property
    def distributions(self) -> NDArray[np.float64]:
        """[C, C], of each true class's segments (row) the share that was predicted as each (column)."""
        return ratio(self.confusion, np.broadcast_to(self.support[:, None], self.confusion.shape))

    @cached_property
    def recall(self) -> NDArray[np.float64]:
        """[C], share of a class's segments that were seen as such."""
        return ratio(self.confusion.diagonal(), self.support)

    @cached_property
    def precision(self) -> NDArray[np.float64]:
        """[C], share of what was seen as a class that is of it."""
        return ratio(self.confusion.diagonal(), self.confusion.sum(axis=0))

    @cached_property
    def f1(self) -> NDArray[np.float64]:
        """[C], harmonic mean of precision and recall."""
        return ratio(2 * self.confusion.diagonal(), self.support + self.confusion.sum(axis=0))

    @property
    def accuracy(self) -> float:
        """Share of all segments that are right."""
        return float(self.confusion.trace() / self.confusion.sum())

    def macro(self, figure: NDArray[np.float64]) -> float:
        """The mean of a figure over the classes that have segments or predictions."""
        return float(figure[(self.support + self.confusion.sum(axis=0)) > 0].mean())

    def weighted(self, figure: NDArray[np.float64]) -> float:
        """The mean of a figure over the classes, by their segments."""
        return float(np.average(figure, weights=self.support))

    def against_the_rest(self, label: str) -> "ClassFigures":
        """The same predictions as a choice between one class and all others.

        Raises:
            ValueError: there is no such class.
        """
        if label not in self.labels:
            raise ValueError(f"{label!r} is none of the classes {', '.join(self.labels)}")
        one = self.labels.index(label)
        rest = np.array([int(i != one) for i in range(len(self.labels))])
        sides = np.eye(2, dtype=np.int64)[rest]
        return ClassFigures((label, f"not {label}"), sides.T @ self.confusion @ sides)

    @property
    def dual_accuracy(self) -> float:
        """Mean of the accuracy on neutral segments and of that on all others, between these two (the thesis's figure).

        NaN where there are none of one of them.

        Raises:
            ValueError: there is no class `neutral`.
        """
        two = self.against_the_rest(NEUTRAL)
        return float(two.recall.mean()) if two.support.all() else float("nan")


def counted(true: NDArray[np.intp], predicted: NDArray[np.intp], classes: int) -> NDArray[np.int64]:
    """[C, C], how often each pair of classes occurs."""
    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)


def ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """Part by part; 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
