"""Asks a result all of a collection's questions."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow.compute as pc

from batcher.outcome import EXPLAINED
from batcher.store.result import Result
from media.modality import Modality
from report.collection.groups import group_shares, leaning
from report.collection.means import mean_of
from report.collection.segments import SegmentColumns
from report.collection.summary import CollectionSummary, Confusion, Mean
from report.collection.tokens import influential_tokens

COLLAPSE: Final = 0.95
"""Mean share from which on one modality stands for the whole model."""


def summarise(result: Result) -> CollectionSummary:
    """What a collection's explanations say together, of the class that the model predicted for each segment.

    Args:
        result: an open result; segments that failed count in `segments` and in a warning alone.

    Returns:
        Shares by group with intervals, the segments that lean most on each modality, influential tokens, base values,
        and the confusion of labels where true ones are known.
    """
    statuses = result.table("segments", ["status"])["status"]
    segments = SegmentColumns.of(result)
    labels = Counter(segments.label)
    failed = len(statuses) - pc.sum(pc.equal(statuses, EXPLAINED)).as_py() if len(statuses) else 0
    return CollectionSummary(
        segments=len(statuses),
        explained=len(segments),
        unreliable=segments.unreliable,
        trained=bool(result.run["trained"]),
        labels=dict(sorted(labels.items(), key=lambda item: (-item[1], item[0]))),
        groups=group_shares(segments, result.head),
        leaning=leaning(segments),
        tokens=influential_tokens(result),
        base_values=_base_values(segments, result.run["labels"]),
        confusion=_confusion(segments, result),
        warnings=tuple(_warnings(result, segments, failed)),
    )


def _base_values(segments: SegmentColumns, labels: list[str]) -> dict[str, Mean]:
    means = ((label, mean_of(segments.base[:, i], segments.programme)) for i, label in enumerate(labels))
    return {label: mean for label, mean in means if mean is not None} if len(segments) else {}


def _confusion(segments: SegmentColumns, result: Result) -> Confusion | None:
    if result.head != "softmax":
        return None
    pairs = Counter(
        (true, label) for true, label in zip(segments.label_true, segments.label, strict=True) if true is not None
    )
    if not pairs:
        return None
    known = list(result.run["labels"])
    labels = (*known, *sorted({name for pair in pairs for name in pair} - set(known)))
    return Confusion(labels, tuple(tuple(pairs[true, label] for label in labels) for true in labels))


def _warnings(result: Result, segments: SegmentColumns, failed: int) -> Iterator[str]:
    if not result.run["trained"]:
        yield "The model is untrained: its weights are random, and its explanations mean nothing."
    if failed:
        yield f"{failed} segments have no explanation; `segments/` says why."
    collapsed = _collapsed(segments)
    if collapsed:
        modality, share = collapsed
        yield (
            f"Uni-modal collapse: {modality} holds {share:.0%} of what the model decides by, over all segments that "
            "have another modality too. Explanations of the others are about next to nothing."
        )
    if segments.unreliable:
        yield (
            f"{segments.unreliable} segments had too few masks for their standard errors and intervals to be trusted; "
            "explain with more --masks."
        )


def _collapsed(segments: SegmentColumns) -> tuple[Modality, float] | None:
    """The modality that holds nearly all, if one does, of the segments that have more than one."""
    several = segments.modalities > 1
    for modality, share in segments.shares.items():
        mean = float(np.nan_to_num(share[several]).mean()) if several.any() else 0.0
        if mean > COLLAPSE:
            return modality, mean
    return None
