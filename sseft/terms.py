"""The pairs of modalities between which a model attends, and the names of what it finds there."""

from collections.abc import Sequence
from itertools import combinations

from media.modality import Modality


def pairs_of(modalities: Sequence[Modality]) -> tuple[tuple[Modality, Modality], ...]:
    """The pairs of modalities whose inter-modality attention a model computes, in both directions."""
    return tuple(combinations(modalities, 2))


def term_name(query: Modality, key: Modality) -> str:
    """The name of the inter-modality term in which `query` attends to `key`."""
    return f"{query}_{key}"
