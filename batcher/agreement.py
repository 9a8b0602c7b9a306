"""How far a backend's explanations are from ONNX Runtime's, whose graphs passed the parity gate.

A reduced precision is an error that no standard error tells of, and a graph that is computed wrongly says nothing at
all: OpenVINO did that (`tests/batcher/backends/test_openvino.py`). So the first clips of a collection are explained
twice, with the same sub-masks, before any is explained for good.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from batcher.backends import Backend, BackendError
from batcher.backends.choice import BackendChoice, open_backend
from batcher.collection import Segment
from batcher.decode import decode
from batcher.explain import explain_clip
from batcher.explanation import SegmentExplanation
from batcher.options import Options
from batcher.outcome import Failure
from batcher.shares import Shares
from media import Clip, MediaError

CLIPS: Final = 3
"""That are explained twice."""

LIMITS: Final[Mapping[str, float]] = {"value": 0.02, "attribution": 0.03, "share": 0.01}
"""Above which a backend is refused. A share is read as a whole percentage point. 64 sub-masks of each modality leave an
error of about 0.05 in the attributions, to which 0.03 adds a sixth."""


@dataclass(frozen=True)
class Agreement:
    """What was found on the first clips. Each difference is the largest of them all, but for the attributions'."""

    clips: int
    value: float
    """Of a class with everything or nothing masked, in parts of the largest change that masking makes."""
    attribution: float
    """|phi - phi'| over |phi|, of the predicted classes. Over all clips together: where one has next to no phi, a
    difference that matters to nobody is a large part of it."""
    share: float
    """Of a modality, in the predicted class."""
    time: float
    """In the graphs, in parts of ONNX Runtime's."""

    def check(self, choice: BackendChoice) -> None:
        """Refuse what differs too much.

        Raises:
            BackendError: a difference is above its limit, or no number.
        """
        found = {name: asdict(self)[name] for name in LIMITS}
        exceeded = [
            f"{name} {value:.2g} (at most {LIMITS[name]})"
            for name, value in found.items()
            if not value <= LIMITS[name]  # nan isn't
        ]
        if exceeded:
            other = "--precision fp32, or " if choice.precision != "fp32" else ""
            raise BackendError(
                f"{choice.name} in {choice.precision} differs too much from onnxruntime on the first {self.clips} "
                f"clips: {', '.join(exceeded)}; use {other}--backend onnxruntime"
            )


def measure_agreement(
    folder: Path, choice: BackendChoice, segments: Iterable[Segment], options: Options
) -> Agreement | None:
    """Explain the first clips by ONNX Runtime and by another backend, one after the other: one model is held at a time.

    Args:
        folder: the artefact.
        choice: the other backend.
        segments: a collection's, of which as many are read as it takes to find clips that can be explained.
        options: the run's; a tolerance is left out, as it might ask for other sub-masks.

    Returns:
        How far they differ; None where no clip can be explained.

    Raises:
        BackendError: the other backend can't explain what ONNX Runtime explains, or gives no numbers.
    """
    options = replace(options, tolerance=None, classes="all")
    reference = open_backend(folder, BackendChoice(threads=choice.threads))
    first = list(islice(_explainable(segments, reference, options), CLIPS))
    del reference
    if not first:
        return None
    other = open_backend(folder, choice)
    try:
        again = [explain_clip(clip, segment_id, other, options) for segment_id, clip, _ in first]
    except (RuntimeError, ValueError) as error:
        raise BackendError(
            f"{choice.name} in {choice.precision} can't explain a clip that onnxruntime explains: {error}; use "
            "--backend onnxruntime"
        ) from error
    return compare([explained for _, _, explained in first], again)


def compare(reference: Sequence[SegmentExplanation], other: Sequence[SegmentExplanation]) -> Agreement:
    """Compare explanations of the same clips by the same sub-masks, in which all classes are explained."""
    ends, other_ends = (np.stack([[e.p_none, e.p_all] for e in some]) for some in (reference, other))
    predicted = [e.predicted for e in reference]
    phi, other_phi = (
        np.concatenate([e.estimate.phi[:, k] for e, k in zip(some, predicted, strict=True)])
        for some in (reference, other)
    )
    shares, other_shares = (
        np.concatenate([_leading(e.shares[k]) for e, k in zip(some, predicted, strict=True)])
        for some in (reference, other)
    )
    return Agreement(
        clips=len(reference),
        value=_part(np.abs(other_ends - ends).max(), np.abs(ends[:, 1] - ends[:, 0]).max()),
        attribution=_part(np.linalg.norm(other_phi - phi), np.linalg.norm(phi)),
        # Without any phi there are no shares, and where one alone has them they differ by all there is.
        share=float(np.where(np.isnan(shares) & np.isnan(other_shares), 0.0, np.abs(other_shares - shares)).max()),
        time=sum(map(_graphs_s, other)) / sum(map(_graphs_s, reference)),
    )


def _explainable(
    segments: Iterable[Segment], backend: Backend, options: Options
) -> Iterator[tuple[str, Clip, SegmentExplanation]]:
    """The segments that can be explained, with their clips; of the others the run itself will say why not."""
    for segment in segments:
        clip = decode(segment, backend.artefact, backend.folder).clip
        if isinstance(clip, Failure):
            continue
        try:
            explained = explain_clip(clip, segment.segment_id, backend, options)
        except (MediaError, RuntimeError, ValueError):
            continue  # a row of the run will say so
        yield segment.segment_id, clip, explained


def _leading(shares: Shares) -> NDArray[np.float64]:
    """The shares that are read: those without noise's bias, where there are errors to take it off."""
    return shares.plain if np.isnan(shares.corrected).any() else shares.corrected


def _part(difference: np.floating[Any], whole: np.floating[Any]) -> float:
    """A difference in parts of a whole; of nothing any is infinite."""
    if whole == 0:
        return 0.0 if difference == 0 else math.inf
    return float(difference / whole)


def _graphs_s(explained: SegmentExplanation) -> float:
    return explained.seconds["encode"] + explained.seconds["grid"]
