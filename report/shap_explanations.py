"""Explanations as `shap.Explanation`, for shap's plots (extra `shap`)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow.dataset as ds
from numpy.typing import NDArray

from batcher.outcome import EXPLAINED
from batcher.store.result import Result, ResultError
from media.modality import MODALITIES, Modality
from report.explained import ExplainedSegment, Row

SUMS = [f"phi_{modality}" for modality in MODALITIES]
COUNTS = [f"players_{modality}" for modality in MODALITIES]


def to_shap(
    explained: ExplainedSegment, *, modalities: Sequence[Modality] = MODALITIES, label: str | None = None
) -> Any:
    """The players of a segment, for bar, waterfall, force, decision and text plots.

    Args:
        explained: of a segment.
        modalities: whose players; text alone suits shap's text plot.
        label: one of the classes explained; None: the predicted one.

    Returns:
        shap.Explanation: values [p], data [p] what each player is, display_data [p] its modality, which plots write
        before its name, and a base value such that base and values add up to the value with nothing masked. Of some
        modalities the base value holds what the others add.

    Raises:
        ResultError: the class wasn't explained, or the segment has none of these players.
        ImportError: shap isn't installed.
    """
    label = label or explained.label
    if label not in explained.contributions:
        raise ResultError(
            f"{label!r} isn't explained in segment {explained.segment_id!r}, but {', '.join(explained.contributions)}; "
            "--classes all explains every class"
        )
    players = [player for modality in modalities for player in explained.players.get((label, modality), ())]
    if not players:
        raise ResultError(f"segment {explained.segment_id!r} has no players of {', '.join(modalities)}")
    phi = np.array([player["phi"] for player in players])
    names = [player_name(player) for player in players]
    base = float(explained.contributions[label]["v_all"]) - float(phi.sum())
    found = _explanation(phi, base, np.array(names, dtype=object), _unique(names))
    found.display_data = np.array([str(player["modality"]) for player in players], dtype=object)
    return found


def collection_to_shap(result: Result, label: str | None = None) -> Any:
    """The three modalities of every explained segment, for bar, beeswarm, violin, decision, heatmap and scatter plots.

    Args:
        result: an open result.
        label: one of the classes explained; None: of each segment the predicted one.

    Returns:
        shap.Explanation: values [S, 3], the signed sum of each modality, 0 where it is absent; data [S, 3], its number
        of players; base values [S]. They add up to the value with nothing masked.

    Raises:
        ResultError: no segment has an explanation of the class.
        ImportError: shap isn't installed.
    """
    segments = result.table(
        "segments", ["segment_id", "label_predicted", *COUNTS], where=ds.field("status") == EXPLAINED
    ).to_pylist()
    where = None if label is None else ds.field("label") == label
    contributions = result.table("contributions", ["segment_id", "label", "v_none", *SUMS], where=where).to_pylist()
    by_class = {(row["segment_id"], row["label"]): row for row in contributions}
    wanted = [(row, by_class.get((row["segment_id"], label or row["label_predicted"]))) for row in segments]
    found = [(segment, row) for segment, row in wanted if row is not None]
    if not found:
        known = ", ".join(result.run["labels"])
        raise ResultError(f"no segment of {result.folder} has an explanation of {label!r}; the classes are {known}")
    return _explanation(
        np.array([[row[name] or 0.0 for name in SUMS] for _, row in found]),
        np.array([row["v_none"] for _, row in found]),
        np.array([[float(segment[name]) for name in COUNTS] for segment, _ in found]),
        list(MODALITIES),
    )


def player_name(player: Row) -> str:
    """What a player is, in a few words."""
    if player["modality"] == "text":
        return str(player["token"])
    span = f"{player['start_ms']:.0f}-{player['end_ms']:.0f} ms"
    if player["modality"] == "audio":
        return f"{player['token']} {span}" if player["token"] else span
    if player["token"] is not None:
        return str(player["token"])
    cell = "" if player["row"] is None else f"row {player['row']} column {player['column']}"
    moment = "" if player["frame_group"] is None else span
    return f"{cell} {moment}".strip()


def _unique(names: Sequence[str]) -> list[str]:
    """Plots join features of one name: a word that occurs again gets its place."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _explanation(
    values: NDArray[np.float64], base: float | NDArray[np.float64], data: NDArray[Any], names: list[str]
) -> Any:
    try:
        import shap  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise ImportError("shap isn't installed; pip install 'mmexplain[shap]'") from error
    return shap.Explanation(values, base_values=base, data=data, feature_names=names)
