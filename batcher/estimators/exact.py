"""Shapley values by enumeration: the truth that other estimators are held against."""

import math

import numpy as np

from batcher.estimators.arrays import BoolArray, FloatArray
from batcher.estimators.estimator import CoalitionEstimator
from batcher.estimators.explanation import Explanation

MAX_PLAYERS = 16


def shapley_values(values: FloatArray, coalitions: BoolArray) -> Explanation:
    """Shapley values of a game given in full (Shapley 1953).

    phi_i = sum over S without i of |S|! (p - |S| - 1)! / p! (v(S and i) - v(S)).

    Args:
        values: float64 [2^p, C].
        coalitions: bool [2^p, p], every coalition once, in any order; p at most 16.

    Returns:
        phi, exact but for rounding, with standard errors of 0.

    Raises:
        ValueError: There are more than 16 players, or not every coalition is there once.
    """
    p = coalitions.shape[1]
    v = _in_code_order(values, coalitions)
    size = np.bitwise_count(np.arange(1 << p))
    weights = np.array([1 / (p * math.comb(p - 1, s)) for s in range(p)])
    phi = np.empty((p, v.shape[1]))
    for i in range(p):
        halves = v.reshape(-1, 2, 1 << i, v.shape[1])
        without = size.reshape(-1, 2, 1 << i)[:, 0]
        phi[i] = np.tensordot(weights[without], halves[:, 1] - halves[:, 0], axes=2)
    return Explanation.of_errors(phi, (), {})


def _in_code_order(values: FloatArray, coalitions: BoolArray) -> FloatArray:
    """The values, float64 [2^p, C], at the row whose bit i says whether player i is in."""
    M, p = coalitions.shape
    if p > MAX_PLAYERS:
        raise ValueError(
            f"exact got {p} players and takes at most {MAX_PLAYERS}: use an estimator that samples, or fewer players"
        )
    codes = coalitions @ (1 << np.arange(p))
    distinct = len(np.unique(codes))
    missing, repeated = (1 << p) - distinct, M - distinct
    if missing or repeated:
        raise ValueError(
            f"exact needs each of the {1 << p} coalitions of {p} players once: {missing} missing, {repeated} "
            f"repeated among the {M} given; give all of them, or use an estimator that samples"
        )
    v = np.empty_like(values)
    v[codes] = values
    return v


ESTIMATOR = CoalitionEstimator(
    run=lambda values, coalitions, _seed: shapley_values(values, coalitions), accepts_grid=True
)
