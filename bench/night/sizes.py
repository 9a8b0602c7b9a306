"""What the model sees of each segment of a collection, cut as decoding and tokenizing cut it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.night.lengths import Length
from media import Preprocessing
from media.modality import Modality

MARKS: Final = 2
"""`<s>` and `</s>`. A trailing newline isn't counted."""


@dataclass(frozen=True)
class Size:
    """What the model sees of one segment."""

    tokens: int
    """L, with `<s>` and `</s>`; 0 without a text."""
    samples: int
    frames: int
    cut: tuple[Modality, ...] = ()
    """The modalities of which it sees only a part."""


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
    samples = length.seconds * limits.sample_rate_hz
    frames = length.seconds * rate_hz if length.frames is None else length.frames
    tokens = length.tokens + MARKS if length.tokens else 0
    over: dict[Modality, bool] = {
        "text": tokens > limits.max_tokens,
        "audio": samples > limits.max_samples,
        "video": frames > limits.max_frames,
    }
    return Size(
        tokens=min(tokens, limits.max_tokens),
        samples=int(min(samples, limits.max_samples)),
        frames=math.ceil(min(frames, limits.max_frames)),
        cut=tuple(modality for modality, cut in over.items() if cut),
    )
