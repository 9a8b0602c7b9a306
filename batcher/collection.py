"""A collection: the segments that a manifest lists."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

KNOWN: Final = frozenset(
    {
        "segment_id",
        "media",
        "start_ms",
        "end_ms",
        "text",
        "token_ids",
        "language",
        "label",
        "program_id",
        "carrier_id",
    }
)
"""The columns that have a meaning here; every other column travels along in `extra`."""

SUFFIXES: Final = (".csv", ".jsonl", ".parquet")


class CollectionError(Exception):
    """A manifest that can't be read, or a row in it that describes no segment."""


@dataclass(frozen=True)
class Segment:
    """One spoken segment of a media file."""

    segment_id: str
    media: str
    """As the manifest writes it: a path, relative to the manifest's folder or absolute."""
    path: Path
    """The media file."""
    start_ms: float = 0.0
    end_ms: float | None = None
    """None: to the end of the media."""
    text: str | None = None
    token_ids: tuple[int, ...] | None = None
    """Ids of the text's tokens, for artefacts without a tokenizer; they win over `text`."""
    language: str | None = None
    label: str | None = None
    """The true label, where it is known."""
    program_id: str | None = None
    carrier_id: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


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
    seen: set[str] = set()
    for place, row in _rows(manifest):
        segment = _segment({name: value for name, value in row.items() if value not in (None, "")}, manifest, place)
        if segment.segment_id in seen:
            raise CollectionError(f"{place} repeats the segment_id {segment.segment_id!r}; give each its own")
        seen.add(segment.segment_id)
        yield segment


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


def _segment(row: Mapping[str, Any], manifest: Path, place: str) -> Segment:
    _check_text(row, place)
    for name in ("segment_id", "media"):
        if name not in row:
            raise CollectionError(f"{place} has no {name}; every segment needs one")
    media = str(row["media"])
    end_ms = _number(row, "end_ms", place)
    return Segment(
        segment_id=str(row["segment_id"]),
        media=media,
        path=manifest.resolve().parent / media,
        start_ms=_number(row, "start_ms", place) or 0.0,
        end_ms=end_ms,
        text=_optional(row, "text"),
        token_ids=_token_ids(row, place),
        language=_optional(row, "language"),
        label=_optional(row, "label"),
        program_id=_optional(row, "program_id"),
        carrier_id=_optional(row, "carrier_id"),
        extra={name: _plain(value) for name, value in row.items() if name not in KNOWN},
    )


def _check_text(row: Mapping[str, Any], place: str) -> None:
    """Refuse half an emoji: JSON can hold one half of a surrogate pair, UTF-8 and Parquet can't."""
    for name, value in row.items():
        try:
            str(value).encode()
        except UnicodeEncodeError as error:
            raise CollectionError(f"{place} has half a character in {name} ({error}); mend the text") from error


def _optional(row: Mapping[str, Any], name: str) -> str | None:
    return str(row[name]) if name in row else None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _number(row: Mapping[str, Any], name: str, place: str) -> float | None:
    if name not in row:
        return None
    try:
        return float(row[name])
    except (TypeError, ValueError) as error:
        raise CollectionError(f"{place} has {name} {row[name]!r}; give milliseconds as a number") from error


def _token_ids(row: Mapping[str, Any], place: str) -> tuple[int, ...] | None:
    """A list, or a string of ids between spaces or tabs, as the original's data sets have them."""
    if "token_ids" not in row:
        return None
    ids = row["token_ids"]
    try:
        return tuple(int(token) for token in (ids.split() if isinstance(ids, str) else ids))
    except (TypeError, ValueError) as error:
        raise CollectionError(f"{place} has token_ids {ids!r}; give whole numbers") from error
