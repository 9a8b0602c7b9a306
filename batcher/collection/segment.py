"""A segment: what of a collection is explained at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from media.region import Region
from media.utterance import Word

KNOWN: Final = frozenset(
    {
        "segment_id",
        "media",
        "start_ms",
        "end_ms",
        "text",
        "words",
        "token_ids",
        "language",
        "label",
        "program_id",
        "carrier_id",
    }
)
"""The columns that have a meaning here; every other column travels along in `extra`."""


class CollectionError(Exception):
    """A collection that can't be read, or a row in it that describes no segment."""


@dataclass(frozen=True)
class Segment:
    """One spoken segment of a media file."""

    segment_id: str
    media: str
    """As the collection names it: a path, relative to the manifest's folder or absolute."""
    path: Path
    """The media file."""
    start_ms: float = 0.0
    end_ms: float | None = None
    """None: to the end of the media."""
    text: str | None = None
    words: tuple[Word, ...] = ()
    """Its words with their times, where they are known."""
    token_ids: tuple[int, ...] | None = None
    """Ids of the text's tokens, for artefacts without a tokenizer; they win over `text`."""
    language: str | None = None
    label: str | None = None
    """The true label, where it is known."""
    program_id: str | None = None
    carrier_id: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    regions: tuple[Region, ...] = ()
    """Of its picture, by a table beside the manifest (`batcher.collection.regions`); later ones win."""
