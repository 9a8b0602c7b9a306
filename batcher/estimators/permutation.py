"""Permutation sampling on a list of coalitions: what MM-SHAP runs."""

import numpy as np

from batcher.estimators.arrays import BoolArray, FloatArray
from batcher.estimators.estimator import CoalitionEstimator
from batcher.estimators.explanation import Explanation


def permutation(values: FloatArray, coalitions: BoolArray) -> Explanation:
    """Average the marginal contributions along permutations, each gone forth and back.

    The estimate of shap's PermutationExplainer from the same permutations (Castro, Gomez and Tejada 2009;
    antithetic: Mitchell et al. 2022). MM-SHAP (Parcalabescu and Frank 2023) takes one permutation.

    Args:
        values: float64 [M, C].
        coalitions: bool [M, p] of `draw_permutations`: R times 2 p + 1 coalitions.

    Returns:
        phi. Standard errors come from how the R permutations differ; there are none of a single one.
        Diagnostics: ``permutations``, R.

    Raises:
        ValueError: The coalitions don't go forth and back, one player at a time.
    """
    M, p = coalitions.shape
    R, rest = divmod(M, 2 * p + 1)
    walks = coalitions[: R * (2 * p + 1)].reshape(R, 2 * p + 1, p)
    joined = walks[:, 1 : p + 1] & ~walks[:, :p]
    if R < 1 or rest or not _walk_forth_and_back(walks):
        raise ValueError(
            f"the {M} coalitions of {p} players aren't permutations gone forth and back, of {2 * p + 1} coalitions "
            "each: take them from batcher.designs.draw_permutations"
        )
    order = joined.argmax(axis=2)
    v = values.reshape(R, 2 * p + 1, -1)
    steps = (v[:, 1 : p + 1] - v[:, :p] + v[:, p:-1] - v[:, p + 1 :]) / 2
    phi = np.empty_like(steps)
    np.put_along_axis(phi, order[..., None], steps, axis=1)
    mean = phi.mean(axis=0)
    diagnostics = {"permutations": float(R)}
    if R == 1:
        return Explanation(mean, diagnostics=diagnostics)
    return Explanation.of_errors(mean, ((phi - mean) / np.sqrt(R * (R - 1)),), diagnostics)


def _walk_forth_and_back(walks: BoolArray) -> bool:
    """Whether each walk [2 p + 1, p] adds the players one by one to none, and takes them out in that order."""
    p = walks.shape[2]
    sizes = np.concatenate([np.arange(p + 1), np.arange(p)[::-1]])
    grows = not (walks[:, :p] & ~walks[:, 1 : p + 1]).any()
    mirrored = (walks[:, p:] == ~walks[:, : p + 1]).all()
    return bool((walks.sum(axis=2) == sizes).all() and grows and mirrored)


ESTIMATOR = CoalitionEstimator(run=lambda values, coalitions, _seed: permutation(values, coalitions))
