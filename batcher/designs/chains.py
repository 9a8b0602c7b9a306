"""Designs of whole permutations, for the unbiased audit."""

import numpy as np

from batcher.designs.pairs import draw_design
from batcher.estimators.arrays import BoolArray


def draw_chains(n: int, K: int, seed: int) -> BoolArray:
    """Draw random permutations of n players, each as a chain of masks that grows by one player at a time.

    Args:
        n: Players.
        K: Masks at most.
        seed: Draws the permutations, independently of one another.

    Returns:
        bool [2 + R (n - 1), n]: none, all, then of each of the R chains, at least one, the masks of sizes 1 to
        n - 1. All 2^n masks, as `draw_design` orders them, where that is no more than K or n is at most 1.

    Raises:
        ValueError: n is negative, or K below 2 (below 1 where n = 0), or too few for one chain.
    """
    if n <= 1 or 1 << int(n) <= K:
        return draw_design(n, K, seed)
    chains = (K - 2) // (n - 1)
    if chains < 1:
        raise ValueError(f"K is {K} for n = {n} players: none, all and one chain are {n + 1} masks; give more")
    rng = np.random.default_rng(seed)
    place = np.stack([rng.permutation(n) for _ in range(chains)])
    inner = place[:, None, :] < np.arange(1, n)[:, None]
    return np.concatenate([np.repeat([[False], [True]], n, axis=1), inner.reshape(-1, n)])
