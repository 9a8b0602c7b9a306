"""A manifest: a table of segments, as csv, jsonl or Parquet."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from batcher.collection.bad_row import BadRow, OnBadRow, RowError, refuse
from batcher.collection.rows import segment_of
from batcher.collection.segment import Segment
from batcher.collection.tables import numbered_rows, place_of

NEEDED: Final = ("segment_id", "media")
PATHS: Final = 1024
"""Kept of a manifest's media: rows of one file stand together, and joining paths takes longer than reading a row."""


def read_manifest(manifest: Path, on_bad_row: OnBadRow) -> Iterator[tuple[int, Segment]]:
    """Stream the segments of a manifest, each with its line or row.

    Raises:
        CollectionError: it can't be read, or as `on_bad_row` raises it.
    """
    path_of = paths_in(manifest.resolve().parent)
    for number, row in numbered_rows(manifest, NEEDED, on_bad_row):
        try:
            segment = segment_of(row, path_of)
        except RowError as error:
            on_bad_row(BadRow(place_of(manifest, number), str(error)))
        else:
            yield number, segment


def paths_in(folder: Path) -> Callable[[str], Path]:
    """The files of media names: relative ones begin at the folder."""
    return lru_cache(maxsize=PATHS)(folder.joinpath)


def table_rows(table: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each row of a table in one of a manifest's forms, and where it stands; a bad row is an error.

    Raises:
        CollectionError: there is none, it is of another kind, or it can't be read.
    """
    for number, row in numbered_rows(table, (), refuse):
        yield place_of(table, number), row
