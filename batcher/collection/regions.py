"""Regions of a collection's pictures: a table of the forms that a manifest may have."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from sys import intern
from typing import Any, Final

from batcher.collection.manifest import table_rows
from batcher.collection.segment import CollectionError, Segment
from export.artefact import file_digest
from media.region import Region

Row = Mapping[str, Any]
Placed = tuple[int, Region]
"""A region, and its place in the table: later ones win."""

EVERY: Final = ""
"""The segment_id of regions that all segments have."""


@dataclass(frozen=True)
class Regions:
    """The regions of all segments, held once, by whoever hands out the segments."""

    by_segment: Mapping[str, tuple[Placed, ...]]
    digest: str
    """sha256 of the table."""

    def attached(self, segment: Segment) -> Segment:
        """The segment with those of its regions that meet it, in the table's order."""
        placed = (*self.by_segment.get(segment.segment_id, ()), *self.by_segment.get(EVERY, ()))
        met = sorted((one for one in placed if _meets(one[1], segment)), key=lambda one: one[0])
        return replace(segment, regions=tuple(region for _, region in met))


def _meets(region: Region, segment: Segment) -> bool:
    """Whether a region and a segment share a time; of a whole film's table a segment needs a few rows."""
    ends = segment.end_ms is not None and region.start_ms is not None and region.start_ms >= segment.end_ms
    return not ends and (region.end_ms is None or region.end_ms > segment.start_ms)


def read_regions(table: Path) -> Regions:
    """Read a table of regions: segment_id, player, row, column, start_ms, end_ms; other columns mean nothing.

    Args:
        table: `.csv` with a header, `.jsonl` or `.parquet`. Without a segment_id a row is every segment's; without a
            row or column its region runs along that axis; without a time it begins or ends with the segment.

    Raises:
        CollectionError: the table can't be read, or a row is no region; the message names the row.
    """
    found: dict[str, list[Placed]] = {}
    for number, (place, row) in enumerate(table_rows(table)):
        given = {name: value for name, value in row.items() if value not in (None, "")}
        try:
            region = _region(given)
        except ValueError as error:
            raise CollectionError(f"{place} is no region: {error}") from error
        found.setdefault(str(given.get("segment_id", EVERY)), []).append((number, region))
    return Regions({name: tuple(placed) for name, placed in found.items()}, file_digest(table))


def _region(row: Row) -> Region:
    """A row's region.

    Raises:
        ValueError: it is none.
    """
    name = str(row.get("player", ""))
    name.encode()  # JSON can hold half an emoji, which Parquet can't
    return Region(
        player=intern(name),
        row=_cell(row, "row"),
        column=_cell(row, "column"),
        start_ms=_number(row, "start_ms"),
        end_ms=_number(row, "end_ms"),
    )


def _cell(row: Row, name: str) -> int | None:
    value = _number(row, name)
    if value is None:
        return None
    if not value.is_integer():
        raise ValueError(f"{name} is {row[name]!r}: give a whole number")
    return int(value)


def _number(row: Row, name: str) -> float | None:
    if name not in row:
        return None
    try:
        return float(row[name])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is {row[name]!r}: give a number, or nothing") from error
