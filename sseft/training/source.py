"""What is learnt from: labelled clips that aren't decoded yet."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from media import Clip, Preprocessing, Text, decode_clip
from media.modality import Modality

Label = int | float | tuple[bool, ...]
"""Of a softmax head the index of its class, of a score the score, of a binary head whether it has each emotion."""


@dataclass(frozen=True)
class Source:
    """A labelled clip."""

    segment_id: str
    path: Path
    start_ms: float
    end_ms: float | None
    """None: to the end of the media."""
    text: Text | None
    """None where nothing is said."""
    label: Label

    def decode(self, preprocessing: Preprocessing, modalities: Collection[Modality]) -> Clip:
        """Its sound and picture, those that are wanted and that it has.

        Raises:
            MediaError: it can't be read, or has none of them and no words.
        """
        return decode_clip(
            self.path,
            text=self.text,
            start_ms=self.start_ms,
            end_ms=self.end_ms,
            modalities=modalities,
            preprocessing=preprocessing,
        )
