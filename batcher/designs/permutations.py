"""The coalitions that permutation sampling evaluates, forth and back."""

import numpy as np

from batcher.estimators.arrays import BoolArray


def draw_permutations(p: int, permutations: int, seed: int) -> BoolArray:
    """The coalitions of antithetic permutation sampling, in the order in which shap's explainer evaluates them.

    A permutation adds its players one by one to none until all are in, then takes them out in the same order:
    2 p + 1 evaluations (Mitchell et al. 2022, Sampling Permutations for Shapley Value Estimation, section 4;
    MM-SHAP runs one permutation).

    Args:
        p: Players.
        permutations: R, at least 1.
        seed: Draws the permutations.

    Returns:
        bool [R (2 p + 1), p].

    Raises:
        ValueError: p is negative, or permutations below 1.
    """
    if p < 0:
        raise ValueError(f"p is {p}: the number of players can't be negative")
    if permutations < 1:
        raise ValueError(f"permutations is {permutations}: give at least 1")
    rng = np.random.default_rng(seed)
    place = np.stack([rng.permutation(p) for _ in range(permutations)])
    size = np.arange(p + 1)[:, None]
    forth = place[:, None, :] < size
    back = place[:, None, :] >= size[1:]
    return np.concatenate([forth, back], axis=1).reshape(permutations * (2 * p + 1), p)
