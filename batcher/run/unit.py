"""Units of work: a few segments that are decoded, explained and committed together."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from batcher.collection import Segment
from batcher.rows import Failure

SEGMENTS_PER_UNIT: Final = 8


@dataclass(frozen=True)
class Unit:
    """Some segments; the unit's files are named after them, so that a second try overwrites the first."""

    segments: tuple[Segment, ...]

    @property
    def unit_id(self) -> str:
        """A digest of the segment ids."""
        ids = "\n".join(segment.segment_id for segment in self.segments)
        return hashlib.sha256(ids.encode()).hexdigest()[:16]

    def split(self) -> list["Unit"]:
        """One unit per segment."""
        return [Unit((segment,)) for segment in self.segments]


@dataclass(frozen=True)
class UnitReport:
    """What became of a unit."""

    unit: Unit
    failures: tuple[tuple[str, Failure], ...]
    """Segment ids and why they became error rows."""


def units_of(segments: Iterable[Segment], size: int = SEGMENTS_PER_UNIT) -> Iterator[Unit]:
    """Cut a stream of segments into units."""
    stream = iter(segments)
    while some := tuple(islice(stream, size)):
        yield Unit(some)
