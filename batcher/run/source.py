"""Where a run's segments come from, as often as they are read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from batcher.collection import BadRows, OnBadRow, Regions, Segment, read_collection, refuse, skip
from batcher.selection import Selection
from export.artefact import Artefact
from sseft.heads import label_at


@dataclass(frozen=True)
class Source:
    """A collection, what of it is explained, and what is known of its pictures."""

    collection: Path
    artefact: Artefact
    """Whose labels they have."""
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
        segments = self.selection.of(map(self._labelled, rows))
        return map(self.regions.attached, segments) if self.regions else segments

    def _labelled(self, segment: Segment) -> Segment:
        """The same segment; a label that is written as its place among the model's gets its name."""
        if segment.label is None:
            return segment
        return replace(segment, label=label_at(segment.label, self.artefact.labels, self.artefact.head))
