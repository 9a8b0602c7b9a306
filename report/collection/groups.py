"""T-, A- and V-SHAP of groups of segments."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.modality import MODALITIES, Modality
from report.collection.means import mean_of, within
from report.collection.segments import Names, SegmentColumns
from report.collection.summary import GroupKind, GroupShares, Leaning
from sseft.heads import HeadKind
from sseft.metrics.emotions import SEPARATOR

MINUTE_MS: Final = 60_000.0
WIDTHS_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)
MOST_SPANS: Final = 24
"""Of time."""
RIGHT: Final = "right"
WRONG: Final = "wrong"
LEANING: Final = 10
"""Segments named for each modality."""


def group_shares(segments: SegmentColumns, head: HeadKind = "softmax") -> tuple[GroupShares, ...]:
    """Shares of every group of each kind, without kinds of one group, and programmes where each is one segment.

    A score has no labels to be right about, and of a binary head a segment may truly have several emotions.
    Labels and programmes stand with the largest first, spans of time in their order.
    """
    kinds: dict[GroupKind, Names] = {"label": segments.label, "programme": segments.programme}
    if head != "score":
        kinds["correct"] = _correct(segments)
    if head == "softmax":
        kinds["label_true"] = segments.label_true
    found = [_group(segments, "all", "all", np.arange(len(segments)))] if len(segments) else []
    for kind, names in kinds.items():
        found += _by_size(segments, kind, names)
    return (*found, *_over_time(segments))


def by_strongest(segments: SegmentColumns) -> tuple[GroupShares, ...]:
    """Shares of the segments that each modality has the largest share of, of those that have others too."""
    shares = np.stack([np.nan_to_num(segments.shares[modality], nan=-np.inf) for modality in MODALITIES])
    names = np.array(MODALITIES, dtype=object)[shares.argmax(axis=0)]
    groups = ((m, np.flatnonzero((names == m) & (segments.modalities > 1))) for m in MODALITIES)
    return tuple(_group(segments, "strongest", modality, those) for modality, those in groups if len(those))


def leaning(segments: SegmentColumns) -> dict[Modality, tuple[Leaning, ...]]:
    """The segments with the largest share of each modality, of those that have others too."""
    found = {}
    for modality, share in segments.shares.items():
        those = np.flatnonzero(~np.isnan(share) & (segments.modalities > 1))
        first = those[np.argsort(-share[those], kind="stable")][:LEANING]
        found[modality] = tuple(Leaning(segments.segment_id[i], segments.label[i], float(share[i])) for i in first)
    return found


def _by_size(segments: SegmentColumns, kind: GroupKind, names: Names) -> list[GroupShares]:
    known = np.flatnonzero([name is not None for name in names])
    every, group_of = np.unique(names[known].astype(str), return_inverse=True)
    if len(every) <= 1 or (kind == "programme" and len(every) == len(segments)):
        return []
    order = np.argsort(group_of, kind="stable")
    members = np.split(known[order], np.flatnonzero(np.diff(group_of[order])) + 1)
    groups = [_group(segments, kind, name, those) for name, those in zip(every.tolist(), members, strict=True)]
    return sorted(groups, key=lambda group: -group.segments)


def _over_time(segments: SegmentColumns) -> Iterator[GroupShares]:
    minutes = segments.start_ms / MINUTE_MS
    last = float(minutes.max(initial=0.0))
    width = next((width for width in WIDTHS_MINUTES if last < MOST_SPANS * width), WIDTHS_MINUTES[-1])
    spans = (minutes // width).astype(int)
    every = np.unique(spans)
    if len(every) > 1:
        for span in every:
            yield _group(segments, "time", f"{span * width} to {(span + 1) * width} min", np.flatnonzero(spans == span))


def _group(segments: SegmentColumns, kind: GroupKind, name: str, those: NDArray[np.intp]) -> GroupShares:
    shares = {}
    for modality in MODALITIES:
        mean = mean_of(segments.shares[modality][those], segments.programme[those])
        if mean is not None:
            shares[modality] = within(mean, 0.0, 1.0)
    return GroupShares(kind, name, len(those), shares)


def _correct(segments: SegmentColumns) -> Names:
    pairs = zip(segments.label_true, segments.label, strict=True)
    words = [None if true is None else RIGHT if label in true.split(SEPARATOR) else WRONG for true, label in pairs]
    return np.array(words, dtype=object)
