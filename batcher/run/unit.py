"""Units of work: a few segments that are decoded, explained and committed together."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final

from batcher.collection import Segment
from batcher.outcome import Failure
from batcher.run.totals import Totals

MOST_SEGMENTS: Final = 8
"""In a unit: what a killed run loses at most, per worker."""
MOST_TOGETHER: Final = 4
"""Segments that one task decodes: few, so that a unit's tasks keep several processors busy."""
UNITS_PER_WORKER: Final = 4
"""At least, so that no worker waits long for the last."""
WINDOW: Final = 1024
"""Units that are put in order at a time: some MB of segments, and hours of a device."""


@dataclass(frozen=True)
class Unit:
    """Some segments; the unit's files are named after them, so that a second try overwrites the first."""

    segments: tuple[Segment, ...]

    @property
    def unit_id(self) -> str:
        """A digest of the segment ids."""
        ids = json.dumps([segment.segment_id for segment in self.segments])
        return hashlib.sha256(ids.encode()).hexdigest()[:16]

    def together(self) -> list[tuple[Segment, ...]]:
        """Its segments as they are decoded: neighbours of one file in one task."""
        files = (tuple(some) for _, some in groupby(self.segments, key=lambda segment: segment.path))
        return [some[i : i + MOST_TOGETHER] for some in files for i in range(0, len(some), MOST_TOGETHER)]

    def split(self) -> list["Unit"]:
        """One unit per segment."""
        return [Unit((segment,)) for segment in self.segments]


@dataclass(frozen=True)
class UnitReport:
    """What became of a unit."""

    unit: Unit
    failures: tuple[tuple[str, Failure], ...]
    """Segment ids and why they became error rows."""
    totals: Totals


def unit_size(segments: int, workers: int, in_flight: int = 1) -> int:
    """How many segments a unit holds: few where there are few, and enough for a worker with several under way."""
    shared = segments // (UNITS_PER_WORKER * max(1, workers))
    return max(in_flight, min(max(MOST_SEGMENTS, 2 * in_flight), shared), 1)


def longest_first(units: Iterable[Unit], window: int = WINDOW) -> Iterator[Unit]:
    """Units by their longest segments, for a device: neighbours are alike, and segments of one media stay together.

    What a device keeps for a shape (memory, algorithms) then serves the next clips too, and the first is the largest,
    so that memory is asked for seldom. A segment that goes on to the end of its media may be of any length: its unit
    comes before all others.

    Args:
        units: any number of them; no more than a window are held.
        window: of units that are put in order.
    """
    stream = iter(units)
    while some := list(islice(stream, window)):
        yield from sorted(some, key=_longest_ms, reverse=True)


def _longest_ms(unit: Unit) -> float:
    return max(math.inf if s.end_ms is None else s.end_ms - s.start_ms for s in unit.segments)


def units_of(segments: Iterable[Segment], size: int) -> Iterator[Unit]:
    """Cut a stream of segments into units of `size`."""
    stream = iter(segments)
    while some := tuple(islice(stream, size)):
        yield Unit(some)
