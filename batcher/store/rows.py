"""Rows of the result's tables, from a segment and what became of it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batcher.collection import Segment
from batcher.explain import SegmentExplanation
from batcher.outcome import EXPLAINED, Failure
from export.artefact import Artefact
from media import Clip
from media.modality import MODALITIES, Modality

Row = dict[str, Any]


def failed_segment(segment: Segment, failure: Failure) -> Row:
    """The `segments/` row of a segment that couldn't be explained."""
    return _identity(segment) | {
        "status": failure.status,
        "error_stage": failure.stage,
        "error": failure.error,
    }


def explained_segment(
    segment: Segment, clip: Clip, explanation: SegmentExplanation, artefact: Artefact, estimator: str
) -> Row:
    """The `segments/` row of an explained segment."""
    se = explanation.estimate.se
    counts = {m: sum(player.modality == m for player in explanation.players) for m in MODALITIES}
    return _identity(segment) | {
        "end_ms": clip.end_ms,
        "label_predicted": artefact.labels[explanation.predicted],
        "probability": float(explanation.p_all[explanation.predicted]),
        "p_none": explanation.p_none.tolist(),
        "p_all": explanation.p_all.tolist(),
        **{f"players_{m}": counts[m] for m in MODALITIES},
        **{f"masks_{m}": explanation.masks[m] for m in MODALITIES},
        "encoder_passes": sum(explanation.masks.values()),
        "frames_encoded": explanation.frames_encoded,
        "estimator": estimator,
        "se_max": None if se is None else float(se.max()),
        "converged": explanation.converged,
        "cut": clip.cut,
        "trained": explanation.trained,
        "status": EXPLAINED,
    }


def _identity(segment: Segment) -> Row:
    return {
        "segment_id": segment.segment_id,
        "media": segment.media,
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "text": segment.text,
        "language": segment.language,
        "program_id": segment.program_id,
        "carrier_id": segment.carrier_id,
        "label_true": segment.label,
        "extra": list(segment.extra.items()),
    }


def contributions(segment_id: str, explanation: SegmentExplanation, labels: tuple[str, ...]) -> list[Row]:
    """One row per class explained."""
    return [
        {
            "segment_id": segment_id,
            "label": labels[index],
            "v_none": float(explanation.p_none[index]),
            "v_all": float(explanation.p_all[index]),
            **modality_sums(explanation, column),
        }
        for column, index in enumerate(explanation.explained)
    ]


def modality_sums(explanation: SegmentExplanation, column: int) -> dict[str, float | None]:
    """Signed sum and share of each modality, for one of the classes explained.

    A share is sum |phi| of the modality over sum |phi| of all (MM-SHAP, Parcalabescu and Frank 2023, eq. 2 and
    3). It is corrected for noise only where there is none: `exact` has standard errors of 0.
    """
    phi = explanation.estimate.phi[:, column]
    se = explanation.estimate.se
    total = float(np.abs(phi).sum())
    noiseless = se is not None and not se[:, column].any()
    row: dict[str, float | None] = {}
    for modality in MODALITIES:
        mine = _of(explanation, modality)
        if not mine.any():
            continue
        row[f"phi_{modality}"] = float(phi[mine].sum())
        share = float(np.abs(phi[mine]).sum()) / total if total else None
        row[f"share_{modality}_plain"] = share
        if noiseless:
            row[f"se_{modality}"] = 0.0
            row |= {f"share_{modality}{end}": share for end in ("", "_low", "_high")}
    return row


def _of(explanation: SegmentExplanation, modality: Modality) -> NDArray[np.bool_]:
    return np.array([player.modality == modality for player in explanation.players])


def attributions(segment_id: str, explanation: SegmentExplanation, labels: tuple[str, ...]) -> list[Row]:
    """One row per class explained and player."""
    phi, se = explanation.estimate.phi, explanation.estimate.se
    rows = []
    for column, index in enumerate(explanation.explained):
        for i, player in enumerate(explanation.players):
            described = asdict(player)
            described["player"] = described.pop("index")
            value = {"phi": float(phi[i, column]), "se": None if se is None else float(se[i, column])}
            rows.append({"segment_id": segment_id, "label": labels[index], **described, **value})
    return rows


def timing(segment_id: str, seconds: Mapping[str, float], *, write_s: float, attempts: int, host: str) -> Row:
    """The `timings/` row of a segment; stages that it didn't reach are null."""
    stages = {f"{stage}_s": spent for stage, spent in seconds.items()}
    return {"segment_id": segment_id, **stages, "write_s": write_s, "attempts": attempts, "host": host}
