"""Whether attention and MM-SHAP agree, per segment, label and collection."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from media.modality import MODALITIES, Modality
from report.collection.means import mean_of, within
from report.collection.summary import Mean

FEWEST: Final = 3
"""Tokens or segments whose order is compared."""


@dataclass(frozen=True)
class Compared:
    """A segment by both methods."""

    segment_id: str
    label: str
    """Predicted."""
    programme: str
    shap: Mapping[Modality, float]
    """Shares of the modalities it has, which add up to 1."""
    attention: Mapping[Modality, float]
    """The same, of what the CLS of each modality attends to in the others."""
    token_order: float | None
    """Spearman's correlation, over its text players, of |phi| and attention; None of fewer than three, or of ties."""

    @property
    def same_strongest(self) -> bool:
        """Whether both have the same modality first."""
        return max(self.shap, key=self.shap.__getitem__) == max(self.attention, key=self.attention.__getitem__)

    @property
    def distance(self) -> float:
        """The total variation distance of the shares: 0 where they are the same, 1 where nothing is shared."""
        return sum(abs(self.shap[m] - self.attention[m]) for m in self.shap) / 2


@dataclass(frozen=True)
class Agreement:
    """Means over the segments of a label, or of all."""

    kind: Literal["all", "label"]
    name: str
    segments: int
    shap: Mapping[Modality, Mean]
    """Mean shares."""
    attention: Mapping[Modality, Mean]
    same_strongest: Mean
    distance: Mean
    token_order: Mean | None
    segment_order: Mapping[Modality, float | None]
    """Spearman's correlation, over segments, of the two shares of a modality."""


def agreements(compared: Sequence[Compared]) -> tuple[Agreement, ...]:
    """Of all segments, then of each label, the largest first."""
    if not compared:
        return ()
    labels = sorted({one.label for one in compared})
    groups = [_agreement("label", label, [one for one in compared if one.label == label]) for label in labels]
    return (_agreement("all", "all", compared), *sorted(groups, key=lambda group: -group.segments))


def rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Spearman's correlation of two [n]; None of fewer than three values, or where all of one are equal."""
    if len(first) < FEWEST or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def _agreement(kind: Literal["all", "label"], name: str, compared: Sequence[Compared]) -> Agreement:
    programmes = [one.programme for one in compared]

    def mean(values: Sequence[float | None], low: float) -> Mean | None:
        found = mean_of(np.array([np.nan if value is None else value for value in values]), programmes)
        return found and within(found, low, 1.0)

    same = mean([float(one.same_strongest) for one in compared], 0.0)
    distance = mean([one.distance for one in compared], 0.0)
    assert same is not None  # noqa: S101  # a group holds a segment, and each has both figures
    assert distance is not None  # noqa: S101  # as above
    shares = {
        method: {
            m: share for m in MODALITIES if (share := mean([getattr(one, method).get(m) for one in compared], 0.0))
        }
        for method in ("shap", "attention")
    }
    return Agreement(
        kind=kind,
        name=name,
        segments=len(compared),
        shap=shares["shap"],
        attention=shares["attention"],
        same_strongest=same,
        distance=distance,
        token_order=mean([one.token_order for one in compared], -1.0),
        segment_order=dict(_segment_orders(compared)),
    )


def _segment_orders(compared: Sequence[Compared]) -> Iterator[tuple[Modality, float | None]]:
    for modality in MODALITIES:
        pairs = [(one.shap[modality], one.attention[modality]) for one in compared if modality in one.shap]
        if pairs:
            shap, attention = np.array(pairs).T
            yield modality, rank_correlation(shap, attention)
