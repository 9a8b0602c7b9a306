"""A row of a collection that describes no segment, and what is done about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from batcher.collection.segment import CollectionError

BadRows = Literal["error", "skip"]
BAD_ROWS: Final[tuple[BadRows, ...]] = get_args(BadRows)


@dataclass(frozen=True)
class BadRow:
    """Where it stands, and what is wrong with it."""

    place: str
    """File and line (csv, jsonl) or row (Parquet), from 1; of a folder, the media file."""
    problem: str


OnBadRow = Callable[[BadRow], None]
"""Hears of a bad row; if it returns, the row is left out."""


class RowError(Exception):
    """What is wrong with a row; whoever reads it knows where it stands."""


def refuse(row: BadRow) -> None:
    """Give up the collection.

    Raises:
        CollectionError: always.
    """
    raise CollectionError(f"{row.place} {row.problem}")


def skip(_row: BadRow) -> None:
    """Leave the row out."""
