"""Seconds of the encoders for one segment, of an artefact on one thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.collection import Segment, read_collection
from batcher.decode import clip_of
from batcher.explain import explain_clip
from batcher.explanation import SegmentExplanation
from batcher.options import Options
from export.artefact import TOKENIZER
from mmexplain.exporting import Unrecorded, export_untrained
from sseft.pretrained.parts import Parts

MASKS: Final = 64
FEW: Final = (4, 12)
"""Masks of each modality that a model of the published size gets, whose passes take a second each."""
TOKENS: Final = tuple(range(100, 117))
"""Of a text, for a model that brings no tokenizer."""


@dataclass(frozen=True)
class Encoding:
    """A segment with `MASKS` sub-masks of each modality, or of all where they are fewer."""

    model: str
    players: str
    masks: str
    encode_s: float
    grid_s: float | None
    """Of pairs and head; None where it wasn't measured."""
    estimate_s: float | None


def of_shipped(model: Path, manifest: Path) -> Encoding:
    """The manifest's first segment, explained as a run does it, the second time."""
    backend = OnnxRuntimeBackend.load(model, threads=1)
    options = Options(masks=MASKS, max_masks=MASKS)
    _explained(manifest, backend, options)
    found = _explained(manifest, backend, options)
    seconds = found.seconds
    masks = " x ".join(map(str, found.masks.values()))
    return Encoding("shipped", _players(found), masks, seconds["encode"], seconds["grid"], seconds["estimate"])


def of_published(model: Path, manifest: Path) -> Encoding:
    """The same segment, with few masks; what each further mask costs gives the rest."""
    backend = OnnxRuntimeBackend.load(model, threads=1)
    # The first call pays for more than its work.
    runs = [_explained(manifest, backend, Options(masks=K, max_masks=K)) for K in (FEW[0], *FEW)]
    less, more = (found.seconds["encode"] for found in runs[1:])
    encode_s = more + (MASKS - FEW[1]) * (more - less) / (FEW[1] - FEW[0])
    masks = f"{FEW[1]} each, to {MASKS}"
    return Encoding("published size", _players(runs[-1]), masks, encode_s, None, None)


@contextmanager
def exported() -> Iterator[Path]:
    """An artefact of the published size with random weights: minutes, and 1.6 GB of disk while it lasts."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "artefact"
        export_untrained(folder, "published", Unrecorded(), seed=0, parts=Parts(), precision="fp32")
        yield folder


def first_segment(manifest: Path, backend: OnnxRuntimeBackend) -> Segment:
    """The manifest's first segment, with token ids for its text where the model brings no tokenizer."""
    segment = next(iter(read_collection(manifest)))
    if (backend.folder / TOKENIZER).is_file():
        return segment
    return replace(segment, text=None, token_ids=TOKENS)


def _explained(manifest: Path, backend: OnnxRuntimeBackend, options: Options) -> SegmentExplanation:
    segment = first_segment(manifest, backend)
    clip = clip_of(segment, backend.artefact, backend.folder)
    return explain_clip(clip, segment.segment_id, backend, options)


def _players(found: SegmentExplanation) -> str:
    return " + ".join(str(sum(player.modality == m for player in found.players)) for m in found.masks)
