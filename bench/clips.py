"""Clips cut to so few players that every coalition can be evaluated, around what carries their emotion."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import numpy as np

from batcher.collection import Segment, read_collection
from batcher.decode import clip_of
from batcher.options import Options
from export.artefact import Artefact
from media import Clip, Text, Video
from media.planted.trigger import Trigger
from report.planted import TRIGGER

Cut = Literal["second", "sentence", "phrase"]
CUTS: Final[tuple[Cut, ...]] = ("second", "sentence")
"""Those of at most 16 players."""

CLIPS: Final = 3
SPAN_MS: Final[dict[Cut, float]] = {"second": 1000.0, "sentence": 1000.0, "phrase": 2000.0}
"""Half-seconds are players."""
TOKENS: Final[dict[Cut, int]] = {"second": 4, "sentence": 9, "phrase": 10}
FRAMES: Final[dict[Cut, int]] = {"sentence": 5, "phrase": 8}
OPTIONS: Final = Options(video_players="time")
"""Of every explanation of such a clip, but for masks and seed."""


@dataclass(frozen=True)
class SmallClip:
    """One cut of one segment."""

    name: str
    cut: Cut
    clip: Clip


def small_clips(
    manifest: Path, artefact: Artefact, folder: Path, cuts: tuple[Cut, ...] = CUTS, *, clips: int = CLIPS
) -> Iterator[SmallClip]:
    """The first segments of a manifest, cut.

    `second` has 1 s of sound, 4 tokens and all frames in 10 groups, which are the modality to sample. `sentence` has
    9 tokens, which are the modality to sample, 1 s of sound and 5 of its frames. `phrase` has 10 tokens, 2 s of sound
    and 8 of its frames: 22 players, too many for the `exact` estimator.

    A cut lies around the segment's planted trigger (the manifest's column `trigger`): the span around what is heard
    or seen, or else around the word that is read; the tokens around the word that is read, or else around the one
    that is spoken then. Without a trigger a cut begins with the first word.

    Args:
        manifest: of segments with sound, picture and text; `words` gives their times.
        artefact: of the model.
        folder: of the artefact.
        cuts: which.
        clips: segments at most.
    """
    for segment in islice(read_collection(manifest), clips):
        for cut in cuts:
            yield SmallClip(segment.segment_id, cut, _cut_clip(segment, cut, artefact, folder))


def _cut_clip(segment: Segment, cut: Cut, artefact: Artefact, folder: Path) -> Clip:
    trigger = Trigger.from_json(segment.extra[TRIGGER]) if TRIGGER in segment.extra else Trigger()
    start_ms = _start_ms(segment, trigger, SPAN_MS[cut])
    clip = clip_of(replace(segment, start_ms=start_ms, end_ms=start_ms + SPAN_MS[cut]), artefact, folder)
    if clip.text is None or clip.sound is None or clip.video is None:
        raise ValueError(f"segment {segment.segment_id} lacks words, sound or picture; give segments that have all")
    centre = _centre_of_text(segment, trigger)
    video = _thinned(clip.video, FRAMES[cut]) if cut in FRAMES else clip.video
    return replace(clip, text=_tokens_around(clip.text, centre, TOKENS[cut]), video=video)


def _start_ms(segment: Segment, trigger: Trigger, length_ms: float) -> float:
    """Where a span begins: within the segment, and around the trigger where there is one."""
    centre_ms = _centre_ms(segment, trigger)
    if centre_ms is None:
        return segment.words[0].start_ms if segment.words else segment.start_ms
    last_ms = centre_ms if segment.end_ms is None else segment.end_ms - length_ms
    return max(segment.start_ms, min(centre_ms - length_ms / 2, last_ms))


def _centre_ms(segment: Segment, trigger: Trigger) -> float | None:
    """The middle of what is heard and seen of a trigger, or else of the word that is read."""
    spans = [(timed.start_ms, timed.end_ms) for timed in (trigger.audio, trigger.video) if timed is not None]
    if not spans and trigger.text is not None and segment.words and segment.text is not None:
        # A mark of the text belongs to the word before it.
        read = len(segment.text[: trigger.text.char_start + 1].split()) - 1
        word = segment.words[min(read, len(segment.words) - 1)]
        spans = [(word.start_ms, word.end_ms)]
    if not spans:
        return None
    return float(min(start for start, _ in spans) + max(end for _, end in spans)) / 2


def _centre_of_text(segment: Segment, trigger: Trigger) -> int:
    """The code point of the text that a cut lies around."""
    if trigger.text is not None:
        return (trigger.text.char_start + trigger.text.char_end - 1) // 2
    centre_ms = _centre_ms(segment, trigger)
    if centre_ms is None or segment.text is None:
        return 0
    position = 0
    for word in segment.words:
        position = max(position, segment.text.find(word.word, position))
        if word.end_ms > centre_ms:
            break
        position += len(word.word)
    return position


def _tokens_around(text: Text, centre: int, most: int) -> Text:
    """The tokens around a code point, and the model's own marks."""
    words = np.flatnonzero(~text.special)
    middle = int(np.searchsorted(text.spans[words, 1], centre, side="right"))
    first = max(0, min(middle - most // 2, len(words) - most))
    kept = np.sort(np.concatenate([np.flatnonzero(text.special), words[first : first + most]]))
    return replace(
        text,
        ids=text.ids[kept],
        tokens=tuple(text.tokens[i] for i in kept),
        spans=text.spans[kept],
        special=text.special[kept],
    )


def _thinned(video: Video, most: int) -> Video:
    """Some of the frames, at equal distances."""
    frames = len(video.frames)
    kept = np.arange(min(frames, most)) * frames // min(frames, most)
    return replace(video, frames=video.frames[kept], times_ms=video.times_ms[[*kept, frames]])
