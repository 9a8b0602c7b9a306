"""What a collection's explanations say together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from media.modality import Modality

GroupKind = Literal["all", "label", "label_true", "correct", "strongest", "programme", "time"]
"""What segments have in common: nothing, the predicted or the true label, whether they agree, the modality with the
largest share, the programme, the time at which they start in their media file."""


@dataclass(frozen=True)
class Mean:
    """A mean over segments, with a 95 % interval of what another sample of such segments would give."""

    count: int
    """Segments that had a figure, or occurrences of a token."""
    mean: float
    low: float | None
    """None of a single segment."""
    high: float | None


@dataclass(frozen=True)
class GroupShares:
    """T-, A- and V-SHAP of a group of segments: each over those that have the modality."""

    kind: GroupKind
    name: str
    """A label, `right` or `wrong`, a modality, a programme, or a span of minutes."""
    segments: int
    shares: Mapping[Modality, Mean]
    """No key for a modality that none of them has."""


@dataclass(frozen=True)
class Leaning:
    """A segment of those that lean most on a modality."""

    segment_id: str
    label: str
    share: float


@dataclass(frozen=True)
class TokenInfluence:
    """What a text player adds to a label, over all segments in which that label was explained."""

    label: str
    token: str
    count: int
    """Occurrences."""
    segments: int
    """In which it occurs."""
    phi: Mean
    """Of one occurrence."""


@dataclass(frozen=True)
class Confusion:
    """True against predicted labels."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """[true, predicted]."""


@dataclass(frozen=True)
class CollectionSummary:
    """What a collection's explanations say together."""

    segments: int
    explained: int
    unreliable: int
    """Explained ones whose standard errors aren't to be trusted."""
    trained: bool
    labels: Mapping[str, int]
    """Explained segments by predicted label, the most frequent first."""
    groups: tuple[GroupShares, ...]
    leaning: Mapping[Modality, tuple[Leaning, ...]]
    tokens: tuple[TokenInfluence, ...]
    base_values: Mapping[str, Mean]
    """Value of each label with every player masked: what the model says of nothing."""
    confusion: Confusion | None
    """None where no label is known."""
    warnings: tuple[str, ...]
    """In plain words: uni-modal collapse, an untrained model, failures."""
