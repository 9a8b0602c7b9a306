"""Designs of complement pairs: enumerated where that is as cheap, else the best of several drawn ones.

Row 0 is none, row 1 is all, and complement pairs follow, each in adjacent rows. A design may be drawn in steps,
each of which keeps the rows that the one before had.
"""

from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

from batcher.designs.budget import NONE_AND_ALL, check_players
from batcher.designs.sampling import add_pairs
from batcher.estimators.arrays import BoolArray
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.multilinear import quadrature

CANDIDATES: Final = 30
CRITERION_RHO: Final = 0.75
CRITERION_NODES: Final = 16
"""Enough for an integral that only ranks designs."""
LARGEST_RANKED: Final = 1024
"""Masks of a design up to which candidates are compared: each costs a Cholesky factor of its size."""


def draw_design(n: int, K: int, seed: int) -> BoolArray:
    """Draw K coalitions of n players: of one modality, or of all of them for a black-box kernel SHAP.

    Where 2^n <= K these are all coalitions, in a fixed order: row r keeps player i where bit i of r is set.
    Otherwise row 0 is none, row 1 is all, and complement pairs follow, each in adjacent rows. The smaller
    half of a pair has a size uniform on 1..n/2, with half the weight at n/2, so that a mask's size is uniform
    on 1..n-1: the leverage law (Musco and Witter, Leverage SHAP, arXiv 2410.01917). Sizes are stratified: as
    even as the number of distinct pairs of a size allows, the remainder drawn. No mask appears twice, and
    players are balanced, as if masks were cut out of random permutations. Of 30 such designs, of those that span
    most directions, the one is kept that explains most of the prior variance of the Shapley values
    (`explained_variance`); the seed permutes its players.

    Args:
        n: Players.
        K: Masks, even where they are fewer than 2^n.
        seed: The design is a function of (n, K, seed) alone; `modality_seed` gives seeds.

    Returns:
        bool [min(K, 2^n), n]; bool [1, 0] where n = 0.

    Raises:
        ValueError: n is negative, K below 2 (below 1 where n = 0), or K odd and below 2^n.
    """
    return draw_nested(n, (K,), seed)


def draw_nested(n: int, steps: tuple[int, ...], seed: int) -> BoolArray:
    """Draw a design in steps: it begins with the rows of the design of the steps before.

    Each step is the best of 30 ways to go on from the one before, so one step is `draw_design`.

    Args:
        n: Players.
        steps: Numbers of masks, each larger than the one before, even where they are fewer than 2^n.
        seed: Permutes the players.

    Returns:
        bool [min(K, 2^n), n], K the last of the steps.

    Raises:
        ValueError: As `draw_design`, or the steps don't grow or are none.
    """
    check_players(n)
    if not steps:
        raise ValueError("steps are empty: give at least one number of masks")
    for K in steps:
        _check_masks(n, K)
    if any(after <= before for before, after in pairwise(steps)):
        raise ValueError(f"steps {steps} don't grow: give numbers of masks, each larger than the one before")
    design = _best_design(int(n), tuple(min(int(K), 1 << int(n)) for K in steps))
    if len(steps) == 1 and len(design) == 1 << int(n):
        return design.copy()
    return design[:, np.random.default_rng(seed).permutation(n)]


def explained_variance(design: BoolArray) -> float:
    """How much of the prior variance of a modality's own Shapley values a design explains.

    The sum over players i of f_i' K^-1 f_i, K the masks' covariance under the product kernel and f_i the
    covariance of the masks' values with phi_i (the design, `docs/estimator.md`). It needs no data.
    """
    nodes, weights = quadrature(min(design.shape[1], 2 * CRITERION_NODES))
    kernel = HammingKernel(design, np.full(design.shape[1], CRITERION_RHO))
    f = np.tensordot(weights, kernel.slopes(nodes), axes=1)
    return float((f * kernel.solve(f.T).T).sum())


@lru_cache(maxsize=256)
def _best_design(n: int, steps: tuple[int, ...]) -> BoolArray:
    """The design before its players are permuted; the same in every process."""
    *before, K = steps
    if not before and 1 << n <= K:
        return _every_mask(n)
    start = _best_design(n, tuple(before)) if before else np.repeat([[False], [True]], n, axis=1)
    if 1 << n <= K:
        return _completed(start)
    candidates = CANDIDATES if K <= LARGEST_RANKED else 1
    drawn = (add_pairs(start, K, np.random.default_rng([n, *steps, draw])) for draw in range(candidates))
    return max(drawn, key=_merit) if candidates > 1 else next(drawn)


def _merit(design: BoolArray) -> tuple[int, float]:
    """Directions of phi that the pairs span, then what they explain; without digits that differ by processor."""
    return int(np.linalg.matrix_rank(np.where(design[2::2], 1.0, -1.0))), round(explained_variance(design), 9)


def _every_mask(n: int) -> BoolArray:
    """All masks, bool [2^n, n]: bit i of the row is player i."""
    bits: BoolArray = (np.arange(1 << n)[:, None] >> np.arange(n)) % 2 == 1
    return bits


def _completed(design: BoolArray) -> BoolArray:
    """The design and, after it, every mask that it lacks."""
    n = design.shape[1]
    lacking = np.setdiff1d(np.arange(1 << n), design @ (1 << np.arange(n)))
    return np.concatenate([design, _every_mask(n)[lacking]])


def _check_masks(n: int, K: int) -> None:
    if min(NONE_AND_ALL, n + 1) > K:
        raise ValueError(f"K is {K} for n = {n} players: a design holds none and all, so give K >= 2")
    if 1 << int(n) > K and K % 2:
        raise ValueError(f"K is {K}: none, all and complement pairs are even in number; give {K + 1}")
