"""The pictures of one explained segment, in files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from batcher.collection import Segment
from batcher.store.result import Result, ResultError
from media import Clip
from media.modality import Modality
from report.cells import cells_of
from report.explained import ExplainedSegment, find_explained
from report.pictures.picture import draw_picture
from report.pictures.sound import draw_sound
from report.pictures.style import FORMATS, save, short
from report.pictures.text import draw_text
from report.pictures.together import draw_text_against_sound
from report.source import RATE_HZ, file_name, shown_clip, shown_frame, source_segments
from report.words import spoken_words, values_of

PICTURES: Final = ("text", "sound", "picture", "text-against-sound")
ID_CHARACTERS: Final = 44
"""Of a segment's id in a title."""
SAID: Final = {"text": "words", "audio": "sound", "video": "picture"}


def save_pictures(result: Result, segment_id: str, folder: Path, *, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Draw a segment, from a result and from its media where they can be read.

    Args:
        result: an open result.
        segment_id: of an explained segment.
        folder: is made; a folder of the segment's in it holds the pictures.
        formats: png, svg.

    Returns:
        The files: those of the four pictures that the segment's modalities allow.

    Raises:
        ResultError: the result holds no such segment, or not its explanation.
        OSError: a file can't be written.
    """
    explained = find_explained(result, segment_id)
    segment = _source(result, segment_id)
    clip = shown_clip(segment) if segment else None
    own = folder / file_name(segment_id)
    own.mkdir(parents=True, exist_ok=True)
    written = []
    for name, figure in draw(explained, segment, clip, unit="score" if result.head == "score" else "probability"):
        for kind in formats:
            save(figure, own / f"{name}.{kind}")
            written.append(own / f"{name}.{kind}")
    return written


def _source(result: Result, segment_id: str) -> Segment | None:
    """The collection's segment; without a collection the pictures say that media can't be read."""
    try:
        return source_segments(result, {segment_id}).get(segment_id)
    except ResultError:
        return None


def draw(
    explained: ExplainedSegment, segment: Segment | None, clip: Clip | None, *, unit: str
) -> Iterator[tuple[str, Figure]]:
    """The pictures that a segment's modalities allow, by their names in `PICTURES`."""
    if explained.of("text"):
        tokens = [str(player["token"]) for player in explained.of("text")]
        yield "text", draw_text(tokens, *values_of(explained.of("text")), title=_title(explained, "text"), unit=unit)
    if explained.of("audio"):
        yield "sound", _sound(explained, clip, unit)
    cells = cells_of(explained.of("video"))
    if cells:
        frame = shown_frame(clip, cells)
        title = _title(explained, "video")
        yield (
            "picture",
            draw_picture(
                frame, cells.phi, cells.se, regions=cells.regions, hidden=cells.hidden, moments=cells.moments,
                title=title, unit=unit,
            ),
        )  # fmt: skip
    words = spoken_words(explained, segment.words if segment else ())
    if words:
        yield (
            "text-against-sound",
            draw_text_against_sound(
                words.words, words.text_phi, words.text_se, words.sound_phi, words.sound_se,
                timed=words.timed, title=_title(explained, "text", "audio"), unit=unit,
            ),
        )  # fmt: skip


def _sound(explained: ExplainedSegment, clip: Clip | None, unit: str) -> Figure:
    players = explained.of("audio")
    spans = np.array([(player["start_ms"], player["end_ms"]) for player in players])
    sound = clip.sound if clip else None
    start = sound.start_ms if sound else float(spans.min())
    end = start + 1000 * len(sound.wave) / RATE_HZ if sound else float(spans.max())
    return draw_sound(
        sound.wave if sound else None,
        (start, end),
        spans,
        *values_of(players),
        names=[player["token"] for player in players],
        title=_title(explained, "audio"),
        unit=unit,
    )


def _title(explained: ExplainedSegment, *modalities: Modality) -> str:
    """Which segment, what the model saw in it, and how much of that came from what is shown."""
    name = short(explained.segment_id, ID_CHARACTERS)
    seen = f"{name}: {short(explained.label)}, {explained.segment['probability']:.2f}"
    return "\n".join([seen, "; ".join(_share(explained, modality) for modality in modalities)])


def _share(explained: ExplainedSegment, modality: Modality) -> str:
    share, low, high = explained.share(modality)
    said = f"share of the {SAID[modality]}"
    if share is None:
        return f"{said} unknown"
    if low is None or high is None:
        return f"{said} {share:.0%}"
    doubt = "" if explained.segment["reliable"] else ", not to be trusted: too few masks"
    return f"{said} {share:.0%} ({low:.0%} to {high:.0%}{doubt})"
