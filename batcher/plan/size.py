"""How much of a segment the model sees: on that alone depends what explaining it costs."""

import math
from dataclasses import dataclass, field
from typing import Final

from batcher.collection import Segment
from media import Preprocessing, Text
from media.modality import Modality

MARKS: Final = 2
"""`<s>` and `</s>`."""


@dataclass(frozen=True)
class Size:
    """What the model sees of one segment."""

    tokens: int
    """L, marks among them; 0 without a text."""
    samples: int
    frames: int
    cut: tuple[Modality, ...] = ()
    """The modalities of which it sees only a part."""
    marks: int = MARKS
    """Tokens that are no players."""
    text: Text | None = field(default=None, compare=False)
    """The L tokens themselves; None: made up, and as many players as tokens."""
    segment: Segment | None = field(default=None, compare=False)
    """Whose size it is: its words and regions say how sound and picture are divided. None: made up."""


def cut_size(*, tokens: int, samples: float, frames: float, limits: Preprocessing, marks: int = MARKS) -> Size:
    """Cut a segment at a model's limits.

    Args:
        tokens: marks among them; 0 without a text.
        samples: at the model's rate.
        frames: that start within the segment.
        limits: of the model.
        marks: tokens that are no players.
    """
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
        marks=marks,
    )
