"""The survey of a collection before a run: how much there is, and how much of it is done."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from batcher.collection import CollectionError, Segment
from batcher.outcome import EXPLAINED
from batcher.store.files import Store


@dataclass(frozen=True)
class Survey:
    """What a run has to do. Of a million segments their ids alone are kept."""

    total: int
    """Segments that the run covers."""
    done: AbstractSet[str]
    """Of these, those that stay as they are in the result."""
    again: AbstractSet[str]
    """Of these, those that are taken back, to be tried again."""
    others: AbstractSet[str]
    """Failures in the result that the run doesn't cover."""
    regions: int
    """Segments that bring regions of their picture."""


def survey(segments: Iterable[Segment], store: Store, retried: AbstractSet[str]) -> Survey:
    """Hold a collection against a result.

    Args:
        segments: that the run covers.
        store: the result.
        retried: statuses of segments that are tried again.

    Raises:
        CollectionError: the result holds one of the segments of other media.
    """
    earlier = store.committed()
    total = regions = 0
    done: set[str] = set()
    again: set[str] = set()
    for segment in segments:
        total += 1
        regions += bool(segment.regions)
        known = earlier.pop(segment.segment_id, None)
        if known is None:
            continue
        if known.media != segment.media:
            raise CollectionError(
                f"{store.folder} holds segment {segment.segment_id!r} of {known.media}, "
                f"the manifest has it of {segment.media}; give it another segment_id, or choose another --out"
            )
        (again if known.status in retried else done).add(segment.segment_id)
    others = {name for name, known in earlier.items() if known.status != EXPLAINED}
    return Survey(total, done, again, others, regions)
