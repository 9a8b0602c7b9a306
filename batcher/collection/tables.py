"""The rows of a table, as csv, jsonl or Parquet: values by column, those that are empty left out."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from batcher.collection.bad_row import BadRow, OnBadRow
from batcher.collection.segment import CollectionError

SUFFIXES: Final = (".csv", ".jsonl", ".parquet")
MOST_FIELD: Final = 1 << 26
"""Characters of a csv's field: a quote that is never closed must not fill the memory."""
BATCH: Final = 4096
"""Rows of a Parquet file that are held at a time."""
EMPTY: Final = (None, "")

Row = dict[str, Any]
Numbered = tuple[int, Row]


def place_of(table: Path, number: int) -> str:
    """Where a row stands, for messages."""
    return f"{table}, {'row' if table.suffix == '.parquet' else 'line'} {number},"


def numbered_rows(table: Path, needed: Sequence[str], on_bad_row: OnBadRow) -> Iterator[Numbered]:
    """Stream the rows of a table, each with the line it begins at (csv, jsonl) or its number (Parquet), from 1.

    Args:
        table: `.csv` with a header, `.jsonl` or `.parquet`.
        needed: columns that a csv or a Parquet file must have.
        on_bad_row: hears of rows that can't be read.

    Raises:
        CollectionError: there is no such table, it is of another kind, isn't UTF-8, or lacks a column.
    """
    if not table.is_file():
        raise CollectionError(f"{table} is no file; give one that ends in {', '.join(SUFFIXES)}")
    if table.suffix not in SUFFIXES:
        raise CollectionError(f"{table} is no table; give a file that ends in {', '.join(SUFFIXES)}")
    if table.suffix == ".parquet":
        yield from _parquet_rows(table, needed)
        return
    try:
        yield from _csv_rows(table, needed, on_bad_row) if table.suffix == ".csv" else _jsonl_rows(table, on_bad_row)
    except UnicodeDecodeError as error:
        raise CollectionError(f"{table} can't be read as UTF-8 {table.suffix}: {error}; convert it to UTF-8") from error
    except OSError as error:
        raise CollectionError(f"{table} can't be read: {error}. Mend that, and run the same command again") from error


def header_of(table: Path) -> list[str]:
    """The columns of a csv; none where it is empty.

    Raises:
        CollectionError: it can't be read.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CollectionError(f"{table} can't be read as UTF-8 {table.suffix}: {error}; convert it to UTF-8") from error


def _csv_rows(table: Path, needed: Sequence[str], on_bad_row: OnBadRow) -> Iterator[Numbered]:
    with table.open(newline="", encoding="utf-8-sig") as file:
        # Not strict, a quote that is never closed would take the rest of the file for one field, without a word.
        csv.field_size_limit(MOST_FIELD)
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader, [])
        except csv.Error as error:
            raise CollectionError(f"{table} has a header that can't be read: {error}; mend its quotes") from error
        _check_columns(table, header, needed)
        columns = len(header)
        number = reader.line_num + 1
        while True:
            try:
                for fields in reader:
                    if len(fields) > columns:
                        problem = "has more fields than the header; quote fields that hold a comma"
                        on_bad_row(BadRow(place_of(table, number), problem))
                    elif fields:
                        yield number, {name: value for name, value in zip(header, fields, strict=False) if value}
                    number = reader.line_num + 1
            except csv.Error as error:
                problem = (
                    f"to line {reader.line_num} can't be read ({error}); close its quotes, and double those inside"
                )
                on_bad_row(BadRow(place_of(table, number), problem))
                number = reader.line_num + 1
            else:
                return


def _jsonl_rows(table: Path, on_bad_row: OnBadRow) -> Iterator[Numbered]:
    with table.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                if line.strip():
                    on_bad_row(BadRow(place_of(table, number), f"isn't JSON: {error}"))
                continue
            if not isinstance(row, dict):
                problem = f"holds {type(row).__name__}; give one JSON object per line"
                on_bad_row(BadRow(place_of(table, number), problem))
            elif "\\u" in line and (name := _half_a_character(row)):
                on_bad_row(BadRow(place_of(table, number), f"has half a character in {name}; mend the text"))
            else:
                yield number, {name: value for name, value in row.items() if value not in EMPTY}


def _half_a_character(row: Row) -> str | None:
    """The column that holds half an emoji: JSON can hold one half of a surrogate pair, UTF-8 and Parquet can't."""
    for name, value in row.items():
        try:
            f"{name}{value}".encode()
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return name.encode(errors="replace").decode()
    return None


def _parquet_rows(table: Path, needed: Sequence[str]) -> Iterator[Numbered]:
    try:
        number = 0
        with pq.ParquetFile(table) as file:
            names = file.schema_arrow.names
            _check_columns(table, names, needed)
            for batch in file.iter_batches(batch_size=BATCH):
                columns = [_values(column) for column in batch.columns]
                for values in zip(*columns, strict=True):
                    number += 1
                    yield number, {name: v for name, v in zip(names, values, strict=True) if v not in EMPTY}
    except (OSError, ValueError, pa.ArrowException) as error:
        raise CollectionError(f"{table} can't be read as Parquet: {error}") from error


def _values(column: pa.Array) -> list[Any]:
    """A column as Python has it: durations as ms, times and dates as text (Python knows no nanoseconds)."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_duration(column.type):
        milliseconds = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6}[column.type.unit]
        column = pc.multiply(column.cast(pa.int64()).cast(pa.float64(), safe=False), milliseconds)
    elif pa.types.is_temporal(column.type):
        column = column.cast(pa.string())
    values: list[Any] = column.to_pylist()
    return values


def _check_columns(table: Path, names: Sequence[str], needed: Sequence[str]) -> None:
    shown = ", ".join(map(repr, names))[:300] or "none"
    lacking = [name for name in needed if name not in names]
    if lacking:
        raise CollectionError(
            f"{table} has no column {' and no '.join(lacking)}; it has {shown}. "
            "Name the columns so (in a csv by a header, with commas between them)"
        )
    if len(set(names)) < len(names):
        raise CollectionError(f"{table} has two columns of one name; it has {shown}. Give each its own")
