"""What is in a collection that is to be learnt from: how many of which label, and which times are impossible."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from batcher.collection.segment import Segment
from batcher.collection.times import odd_times


@dataclass(frozen=True)
class Census:
    """Counts of a collection."""

    segments: int
    labels: dict[str, int]
    """The most frequent first; segments without one stand under ''."""
    odd_times: dict[str, str]
    """Why a segment's times are impossible, by its id."""


def take_census(segments: Iterable[Segment]) -> Census:
    """Count segments."""
    those = list(segments)
    labels = Counter(segment.label or "" for segment in those)
    odd = {segment.segment_id: reason for segment in those if (reason := odd_times(segment))}
    return Census(len(those), dict(labels.most_common()), odd)
