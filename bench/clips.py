"""Clips cut to at most 16 players, so that every coalition can be evaluated."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np

from batcher.collection import Segment, read_collection
from batcher.decode import clip_of
from batcher.options import Options
from export.artefact import Artefact
from media import Clip, Text, Video

Cut = Literal["second", "sentence"]
CUTS: Final[tuple[Cut, ...]] = get_args(Cut)

CLIPS: Final = 3
SPAN_MS: Final = 1000.0
"""Two half-seconds."""
TOKENS: Final[dict[Cut, int]] = {"second": 4, "sentence": 9}
FRAMES: Final = 5
OPTIONS: Final = Options(video_players="time")
"""Of every explanation of such a clip, but for masks and seed."""


@dataclass(frozen=True)
class SmallClip:
    """One cut of one segment."""

    name: str
    cut: Cut
    clip: Clip


def small_clips(manifest: Path, artefact: Artefact, folder: Path, cuts: tuple[Cut, ...] = CUTS) -> Iterator[SmallClip]:
    """The first segments of a manifest, cut.

    `second` is the first second with words: those that end within it (4 tokens at most), 2 half-seconds, and
    all frames in 10 groups, which are the modality to sample. `sentence` has the segment's first 9 tokens, which are
    the modality to sample, the same 2 half-seconds, and 5 of their frames.

    Args:
        manifest: of segments with sound, picture and text; `words` gives their times.
        artefact: of the model.
        folder: of the artefact.
        cuts: which.
    """
    for segment in islice(read_collection(manifest), CLIPS):
        for cut in cuts:
            yield SmallClip(segment.segment_id, cut, _cut_clip(segment, cut, artefact, folder))


def _cut_clip(segment: Segment, cut: Cut, artefact: Artefact, folder: Path) -> Clip:
    words = json.loads(segment.extra.get("words", "[]"))
    start_ms = words[0]["start_ms"] if words else segment.start_ms
    end_ms = start_ms + SPAN_MS
    if cut == "second" and words:
        segment = replace(segment, text=" ".join(word["word"] for word in words if word["end_ms"] <= end_ms))
    clip = clip_of(replace(segment, start_ms=start_ms, end_ms=end_ms), artefact, folder)
    if clip.text is None or clip.sound is None or clip.video is None:
        raise ValueError(f"segment {segment.segment_id} lacks words, sound or picture; give segments that have all")
    video = _thinned(clip.video, FRAMES) if cut == "sentence" else clip.video
    return replace(clip, text=_first_tokens(clip.text, TOKENS[cut]), video=video)


def _first_tokens(text: Text, most: int) -> Text:
    """The first tokens, and the model's own marks."""
    kept = np.flatnonzero(text.special | (np.cumsum(~text.special) <= most))
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
