"""Predictions beside true labels, from a result or a table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.dataset as ds
from numpy.typing import NDArray

from batcher.collection import CollectionError
from batcher.collection.manifest import table_rows
from batcher.outcome import EXPLAINED
from batcher.store.result import Result, ResultError, load_result
from sseft.heads import HeadKind
from sseft.metrics.emotions import NONE, SEPARATOR

COLUMNS: Final = ("label_true", "label_predicted")
"""Of a table."""
YES: Final = 0.5


@dataclass(frozen=True)
class Predictions:
    """S segments whose true label is known."""

    head: HeadKind
    labels: tuple[str, ...]
    true: tuple[str, ...]
    """[S], as the manifest has them."""
    predicted: tuple[str, ...]
    """[S], the class with the largest value."""
    values: NDArray[np.float64]
    """[S, C], value of every class; [S, 0] of a table."""

    @property
    def true_emotions(self) -> NDArray[np.bool_]:
        """[S, C], whether a segment has an emotion.

        Raises:
            ResultError: a true label is none of the model's.
        """
        sets = [set(filter(None, label.split(SEPARATOR))) - {NONE} for label in self.true]
        strangers = sorted(set().union(*sets) - {*self.labels})
        if strangers:
            raise ResultError(f"{', '.join(map(repr, strangers))} is none of the model's labels {self.labels}")
        return np.array([[label in those for label in self.labels] for those in sets])

    @property
    def predicted_emotions(self) -> NDArray[np.bool_]:
        """[S, C], where P(yes) is above 1/2."""
        return self.values > YES

    @property
    def true_scores(self) -> NDArray[np.float64]:
        """[S], the true ones.

        Raises:
            ResultError: a true label is no number.
        """
        try:
            return np.array([float(label) for label in self.true])
        except ValueError as error:
            raise ResultError(f"the model gives a score, and a true label is none: {error}") from error


def read_predictions(path: Path) -> Predictions:
    """Read what there is to evaluate.

    Args:
        path: a result, or a table (csv, jsonl, Parquet) with the columns `label_true` and `label_predicted`.

    Raises:
        CollectionError: the table can't be read, or lacks a column.
        ResultError: the folder is no result, or no segment has a true label.
    """
    found = of_result(load_result(path)) if path.is_dir() else _of_table(path)
    if not found.true:
        raise ResultError(f"no segment of {path} has a true label; give the manifest a column label, and explain again")
    return found


def of_result(result: Result) -> Predictions:
    """The explained segments of a result that have a true label."""
    known = (ds.field("status") == EXPLAINED) & ds.field("label_true").is_valid()
    rows = result.table("segments", ["label_true", "label_predicted", "p_all"], where=known)
    labels = tuple(result.run["labels"])
    return Predictions(
        head=result.head,
        labels=labels,
        true=tuple(rows["label_true"].to_pylist()),
        predicted=tuple(rows["label_predicted"].to_pylist()),
        values=rows["p_all"].combine_chunks().flatten().to_numpy().reshape(len(rows), len(labels)),
    )


def _of_table(path: Path) -> Predictions:
    true: list[str] = []
    predicted: list[str] = []
    for place, row in table_rows(path):
        for name, labels in zip(COLUMNS, (true, predicted), strict=True):
            if row.get(name) in (None, ""):
                raise CollectionError(f"{place} has no {name}; a table of predictions names both in every row")
            labels.append(str(row[name]))
    known = tuple(sorted({*true, *predicted}))
    return Predictions("softmax", known, tuple(true), tuple(predicted), np.zeros((len(true), 0)))
