"""Rows of the result's tables, from a segment and what became of it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from batcher.collection import Segment
from batcher.explanation import SegmentExplanation
from batcher.outcome import EXPLAINED, Failure
from export.artefact import Artefact
from media import Clip
from media.modality import MODALITIES

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
        "grid_points": explanation.grid_points,
        "estimator": estimator,
        "se_max": None if se is None else float(se.max(initial=0.0)),
        "converged": explanation.converged,
        "reliable": explanation.reliable,
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
    """Signed sum, its standard error, and shares of each modality that is present, for one of the classes explained."""
    shares = explanation.shares[column]
    row: dict[str, float | None] = {}
    for place, modality in enumerate(explanation.modalities):
        mine = np.array([player.modality == modality for player in explanation.players])
        row |= {
            f"phi_{modality}": float(explanation.estimate.phi[mine, column].sum()),
            f"se_{modality}": explanation.estimate.se_of_sum(mine, column),
            f"share_{modality}": _known(shares.corrected[place]),
            f"share_{modality}_low": _known(shares.low[place]),
            f"share_{modality}_high": _known(shares.high[place]),
            f"share_{modality}_plain": _known(shares.plain[place]),
        }
    return row


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


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
