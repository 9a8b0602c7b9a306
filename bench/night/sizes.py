"""What the model sees of each segment of a collection, cut as decoding and tokenizing cut it."""

from collections.abc import Sequence
from dataclasses import dataclass

from batcher.plan.size import MARKS, Size, cut_size
from bench.night.lengths import Length
from media import Preprocessing


@dataclass(frozen=True)
class Sizes:
    """A collection."""

    readable: tuple[Size, ...]
    unreadable: int
    """Segments that end before they begin, or when they do: rows with an error, which cost nothing."""


def sizes_of(lengths: Sequence[Length], limits: Preprocessing, rate_hz: float) -> Sizes:
    """Cut the segments of a collection at a model's limits.

    Args:
        lengths: of its segments.
        limits: of the model.
        rate_hz: frames a second, of segments that don't say how many they have.

    Returns:
        Those that can be read, in their order, and how many can't.
    """
    readable = tuple(size_of(length, limits, rate_hz) for length in lengths if length.seconds > 0)
    return Sizes(readable, len(lengths) - len(readable))


def size_of(length: Length, limits: Preprocessing, rate_hz: float) -> Size:
    """Cut one segment, whose first frame and first sample stand at its start."""
    return cut_size(
        tokens=length.tokens + MARKS if length.tokens else 0,
        samples=length.seconds * limits.sample_rate_hz,
        frames=length.seconds * rate_hz if length.frames is None else length.frames,
        limits=limits,
    )
