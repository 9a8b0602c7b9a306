"""A manifest: a table of segments, as csv, jsonl or Parquet."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from batcher.collection.rows import segment_of
from batcher.collection.segment import CollectionError, Segment

SUFFIXES: Final = (".csv", ".jsonl", ".parquet")


def read_collection(manifest: Path) -> Iterator[Segment]:
    """Stream the segments of a manifest.

    Args:
        manifest: `.csv` with a header, `.jsonl` or `.parquet`.

    Raises:
        CollectionError: the manifest is missing or of another kind, or a row lacks its segment_id or media,
            repeats a segment_id, or holds a value of the wrong kind; the message names the row.
    """
    if not manifest.is_file():
        raise CollectionError(f"{manifest} is no file; give a manifest ({', '.join(SUFFIXES)})")
    if manifest.suffix not in SUFFIXES:
        raise CollectionError(f"{manifest} is no manifest; give a file that ends in {', '.join(SUFFIXES)}")
    folder = manifest.resolve().parent
    seen: set[str] = set()
    for place, row in _rows(manifest):
        segment = segment_of(row, folder, place)
        if segment.segment_id in seen:
            raise CollectionError(f"{place} repeats the segment_id {segment.segment_id!r}; give each its own")
        seen.add(segment.segment_id)
        yield segment


def table_rows(table: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each row of a table in one of a manifest's forms, and where it stands.

    Raises:
        CollectionError: there is none, it is of another kind, or it can't be read.
    """
    if not table.is_file() or table.suffix not in SUFFIXES:
        raise CollectionError(f"{table} is no table; give a file that ends in {', '.join(SUFFIXES)}")
    yield from _rows(table)


def _rows(manifest: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each row, and where it stands."""
    if manifest.suffix == ".parquet":
        yield from _parquet_rows(manifest)
    else:
        try:
            yield from _csv_rows(manifest) if manifest.suffix == ".csv" else _jsonl_rows(manifest)
        except (UnicodeDecodeError, csv.Error) as error:
            raise CollectionError(f"{manifest} can't be read as UTF-8 {manifest.suffix}: {error}") from error


def _csv_rows(manifest: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with manifest.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        for row in reader:
            place = f"{manifest}, line {reader.line_num},"
            if None in row:
                raise CollectionError(f"{place} has more fields than the header; quote fields that hold a comma")
            yield place, row


def _jsonl_rows(manifest: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with manifest.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            place = f"{manifest}, line {number},"
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise CollectionError(f"{place} isn't JSON: {error}") from error
            if not isinstance(row, dict):
                raise CollectionError(f"{place} holds {type(row).__name__}; give one JSON object per line")
            yield place, row


def _parquet_rows(manifest: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        number = 0
        with pq.ParquetFile(manifest) as file:
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{manifest}, row {number},", row
    except (OSError, ValueError) as error:
        raise CollectionError(f"{manifest} can't be read as Parquet: {error}") from error
