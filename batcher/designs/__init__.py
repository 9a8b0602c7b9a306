"""Which sub-masks to draw: how many per modality, and which coalitions. Pure numpy and scipy.

A design is a bool array [K, n]: K masks over the n players of a modality, True where a player is kept.
"""

from collections.abc import Callable, Mapping

from batcher.designs.budget import MAX_MASKS, enough, fewest_masks, mask_budget, reliable
from batcher.designs.chains import draw_chains
from batcher.designs.pairs import draw_design, draw_nested
from batcher.designs.permutations import draw_permutations
from batcher.designs.seeds import modality_seed
from batcher.designs.sparse import draw_ordered, sparse_grid
from batcher.estimators.arrays import BoolArray
from batcher.estimators.estimator import DesignKind

DRAW: Mapping[DesignKind, Callable[[int, int, int], BoolArray]] = {"pairs": draw_design, "chains": draw_chains}
"""By the kind of design that an estimator takes: (n, K, seed) -> bool [K, n]."""

__all__ = [
    "DRAW",
    "MAX_MASKS",
    "draw_chains",
    "draw_design",
    "draw_nested",
    "draw_ordered",
    "draw_permutations",
    "enough",
    "fewest_masks",
    "mask_budget",
    "modality_seed",
    "reliable",
    "sparse_grid",
]
