"""Multimodal Shapley explanations of SSE-FT, for whole media collections.

`explain` explains one segment, `load_result` opens what `mmexplain explain` wrote, and `estimate` turns values
of coalitions into Shapley values, for people who study sampling.
"""

from pathlib import Path

from batcher.backends import Backend
from batcher.backends.choice import BackendChoice, open_backend
from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.collection import Segment, read_collection
from batcher.decode import clip_of
from batcher.estimators import Explanation, estimate
from batcher.explain import explain_clip
from batcher.explanation import SegmentExplanation
from batcher.options import Options, check_options, check_suits
from batcher.store.result import Result, load_result
from media.region import Region
from media.utterance import Word

__all__ = [
    "Backend",
    "BackendChoice",
    "Explanation",
    "OnnxRuntimeBackend",
    "Options",
    "Region",
    "Result",
    "Segment",
    "SegmentExplanation",
    "Word",
    "estimate",
    "explain",
    "load_result",
    "open_backend",
    "read_collection",
]


def explain(segment: Segment, artefact: Backend | Path | str, options: Options | None = None) -> SegmentExplanation:
    """Explain one segment in this process.

    Args:
        segment: of a collection, or made by hand.
        artefact: its folder; or, for many segments, a backend that holds it open (`open_backend`).
        options: masks, players, estimator, classes, seed and tolerance.

    Returns:
        Shapley values [p, E] of its players for the classes explained, and what they rest on.

    Raises:
        ArtefactError: the folder is no artefact.
        MediaError: the media can't be read, or the segment has no modality that the model sees.
        ValueError: the options suit no segment, or not this one.
    """
    options = options or Options()
    check_options(options)
    backend = open_backend(Path(artefact)) if isinstance(artefact, Path | str) else artefact
    check_suits(options, backend.artefact)
    clip = clip_of(segment, backend.artefact, backend.folder)
    return explain_clip(clip, segment.segment_id, backend, options)
