"""What a media file says of itself: its length, and whether it has sound and pictures. Nothing is decoded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from media.container import duration_ms, open_media


@dataclass(frozen=True)
class Probe:
    """A media file, by its container's own word."""

    duration_ms: float | None
    """None: it doesn't say."""
    sound: bool
    frame_rate_hz: float | None
    """Frames a second of its picture. None: it has none, a cover not counted."""


def probe(path: Path | str) -> Probe:
    """Read the headers of a media file.

    Raises:
        MediaError: the file is missing, can't be read, or isn't media.
    """
    length_ms = duration_ms(path)
    with open_media(path) as container:
        rates = [_rate_hz(stream) for stream in container.streams.video if not _is_cover(stream)]
        return Probe(length_ms, bool(container.streams.audio), rates[0] if rates else None)


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _rate_hz(stream: Any) -> float:
    """Frames a second; 25, Europe's, where nothing tells."""
    return float(stream.average_rate or stream.guessed_rate or 25)
