"""Where a run's segments come from, as often as they are read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from batcher.collection import BadRows, OnBadRow, Regions, Segment, read_collection, refuse, skip
from batcher.selection import Selection


@dataclass(frozen=True)
class Source:
    """A collection, what of it is explained, and what is known of its pictures."""

    collection: Path
    selection: Selection
    on_bad_row: BadRows = "error"
    regions: Regions | None = None
    """Attached to the segments that pass by."""

    def segments(self, on_skipped: OnBadRow = skip) -> Iterator[Segment]:
        """Stream the segments that are selected.

        Args:
            on_skipped: hears of each bad row, if these are to be skipped.

        Raises:
            CollectionError: the collection can't be read, or has a bad row that isn't to be skipped.
        """
        rows = read_collection(self.collection, on_skipped if self.on_bad_row == "skip" else refuse)
        segments = self.selection.of(rows)
        return map(self.regions.attached, segments) if self.regions else segments
