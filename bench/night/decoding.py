"""What decoding costs, which made-up clips don't need: measured on the clips that ship."""

import time
from pathlib import Path

from batcher.collection import read_collection
from batcher.decode import clip_of
from export.artefact import load_artefact


def decode_s_per_frame(model: Path, manifest: Path) -> float:
    """Seconds of decoding sound, picture and words, per frame.

    Args:
        model: the shipped artefact.
        manifest: of clips with pictures; the first is decoded once more, before it counts.
    """
    artefact, segments = load_artefact(model), list(read_collection(manifest))
    clip_of(segments[0], artefact, model)
    started = time.perf_counter()
    clips = [clip_of(segment, artefact, model) for segment in segments]
    seconds = time.perf_counter() - started
    return seconds / sum(len(clip.video.frames) for clip in clips if clip.video is not None)
