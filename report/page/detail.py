"""What the page draws of one segment."""

import base64
import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from batcher.collection import Segment
from media import Clip
from media.modality import MODALITIES
from media.sound import Sound
from report.cells import cells_of
from report.explained import ExplainedSegment, Row
from report.source import RATE_HZ, shown_frame
from report.words import spoken_words

COLUMNS: Final = 400
"""Of a waveform."""
QUALITY: Final = 60
"""Of a frame's JPEG."""
DIGITS: Final = 6
"""Of a Shapley value, after the point."""


def detail_of(explained: ExplainedSegment, segment: Segment | None, clip: Clip | None, preview: str | None) -> Row:
    """Everything that is drawn of a segment, as JSON takes it.

    Args:
        explained: its rows.
        segment: of the collection, if it still holds it.
        clip: its media, if they can be read.
        preview: where a playable clip is, relative to the page.
    """
    row = explained.segment
    return {
        "id": explained.segment_id,
        "media": row["media"],
        "span": [row["start_ms"], row["end_ms"]],
        "text": row["text"],
        "label": explained.label,
        "probability": row["probability"],
        "readable": clip is not None,
        "reliable": row["reliable"],
        "cut": row["cut"],
        "preview": preview,
        "shares": {modality: explained.share(modality) for modality in MODALITIES},
        "tokens": [_player(player, player["token"]) for player in explained.of("text")],
        "sound": _sound(explained, clip.sound if clip else None),
        "picture": _picture(explained, clip),
        "words": _words(explained, segment),
    }


def _player(player: Row, *described: Any) -> list[Any]:
    return [*described, round(player["phi"], DIGITS), None if player["se"] is None else round(player["se"], DIGITS)]


def _sound(explained: ExplainedSegment, sound: Sound | None) -> Row | None:
    players = explained.of("audio")
    if not players:
        return None
    stretches = [_player(player, player["token"], player["start_ms"], player["end_ms"]) for player in players]
    return {"players": stretches, "wave": _wave(sound) if sound and len(sound.wave) else None}


def _wave(sound: Sound) -> Row:
    """Lowest and highest samples of each column, in percent of the loudest."""
    edges = np.linspace(0, len(sound.wave), min(COLUMNS, len(sound.wave)) + 1).astype(int)[:-1]
    loudest = float(np.abs(sound.wave).max()) or 1.0
    ends = (reduce(sound.wave, edges) / loudest * 100 for reduce in (np.minimum.reduceat, np.maximum.reduceat))
    low, high = (end.round().astype(int).tolist() for end in ends)
    return {"span": [sound.start_ms, sound.start_ms + 1000 * len(sound.wave) / RATE_HZ], "low": low, "high": high}


def _picture(explained: ExplainedSegment, clip: Clip | None) -> Row | None:
    cells = cells_of(explained.of("video"))
    if cells is None:
        return None
    frame = shown_frame(clip, cells)
    moments = cells.moments
    return {
        "frame": None if frame is None else _jpeg(frame),
        "phi": _rounded(cells.phi),
        "se": _rounded(cells.se),
        "regions": None if cells.regions is None else cells.regions.tolist(),
        "hidden": cells.hidden,
        "moments": None
        if moments is None
        else {
            "spans": moments.spans_ms.tolist(),
            "phi": _rounded(moments.phi),
            "se": _rounded(moments.se),
            "strongest": moments.strongest,
        },
    }


def _words(explained: ExplainedSegment, segment: Segment | None) -> Row | None:
    words = spoken_words(explained, segment.words if segment else ())
    if words is None:
        return None
    return {
        "timed": words.timed,
        "words": words.words,
        "text": _rounded(words.text_phi),
        "text_se": _rounded(words.text_se),
        "sound": _rounded(words.sound_phi),
        "sound_se": _rounded(words.sound_se),
    }


def _rounded(values: NDArray[np.float64] | None) -> Sequence[Any] | None:
    found: list[Any] | None = None if values is None else values.round(DIGITS).tolist()
    return found


def _jpeg(frame: NDArray[np.uint8]) -> str:
    """A grey frame as a data URI."""
    file = io.BytesIO()
    Image.fromarray(frame).convert("L").save(file, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
