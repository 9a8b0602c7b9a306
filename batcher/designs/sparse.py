"""Which points of a grid to evaluate where the model's head costs too much for all of them."""

import math
from functools import lru_cache
from itertools import pairwise, product
from typing import Final

import numpy as np
import numpy.typing as npt

from batcher.designs.pairs import draw_design, explained_variance
from batcher.estimators.arrays import BoolArray
from batcher.estimators.rules import complements
from batcher.estimators.sparse_grid import Block, SparseGrid

FEWEST: Final = 8
"""Leading masks of the smallest block of a modality: a call of the head for less than 8^3 points is mostly overhead."""
CANDIDATES: Final = 30
"""Choices of the leading masks among which the best is taken."""

IntArray = npt.NDArray[np.intp]


def sparse_grid(masks: Block, points: int) -> SparseGrid:
    """The part of a grid of at most so many points, its blocks as large as that allows.

    Args:
        masks: K of text, audio and video.
        points: At most; raised to what it takes for every mask to be met.
    """
    text, audio, video = (_levels(K) for K in masks)
    least = SparseGrid((text, audio, video), math.prod(masks)).least
    sizes = sorted({math.prod(block) for block in product(text, audio, video)})
    grids = [SparseGrid((text, audio, video), size) for size in sizes if size >= least]
    return max((grid for grid in grids if grid.points <= points), key=lambda grid: grid.points, default=grids[0])


def draw_ordered(n: int, levels: tuple[int, ...], seed: int) -> BoolArray:
    """The masks of `draw_design`, in an order in which the leading ones are a good design by themselves.

    Of 30 choices of the complement pairs that lead, the one is taken that explains most of the prior variance of the
    Shapley values: first of the largest level below K, then among these of the next.

    Args:
        n: Players.
        levels: Numbers of leading masks, growing and even, the last K.
        seed: Permutes the players.

    Returns:
        bool [K, n], none and all first, each pair in adjacent rows.

    Raises:
        ValueError: As `draw_design`.
    """
    return draw_design(n, levels[-1], seed)[_order(n, levels)]


def _levels(K: int) -> tuple[int, ...]:
    """K, and its halves, quarters .. while they are even and no fewer than `FEWEST`."""
    half = 2 * math.ceil(K / 4)
    return (K,) if half < FEWEST else (*_levels(half), K)


@lru_cache(maxsize=256)
def _order(n: int, levels: tuple[int, ...]) -> IntArray:
    """Rows [K] of the design: what explains the variance of phi doesn't depend on how its players are permuted."""
    design = draw_design(n, levels[-1], seed=0)
    partner = complements(design)
    if n == 0:
        return np.zeros(1, np.intp)
    none, *first = np.flatnonzero(np.arange(len(design)) < partner)
    pairs = np.array([[none, partner[none]], *([row, partner[row]] for row in first)])
    for level, above in reversed(list(pairwise(levels))):
        rng = np.random.default_rng([n, level, above])
        pairs[: above // 2] = _led_by_the_best(design, pairs[: above // 2], level // 2, rng)
    return pairs.ravel()


def _led_by_the_best(design: BoolArray, pairs: IntArray, leading: int, rng: np.random.Generator) -> IntArray:
    """Pairs [k, 2] with the best choice of so many of them in front, none and all first of all."""
    orders = [np.concatenate([[0], 1 + rng.permutation(len(pairs) - 1)]) for _ in range(CANDIDATES)]
    # Rounded: the last digits differ by processor.
    best = max(orders, key=lambda order: round(explained_variance(design[pairs[order[:leading]].ravel()]), 9))
    chosen: IntArray = pairs[best]
    return chosen
