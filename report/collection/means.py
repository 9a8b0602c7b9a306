"""Means over segments, with intervals."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from report.collection.summary import Mean

CONFIDENCE: Final = 0.95
ENOUGH: Final = 10
"""Clusters from which on their differences say how far a mean may be off."""


def mean_of(values: NDArray[np.float64], clusters: Sequence[Any] | NDArray[Any]) -> Mean | None:
    """A mean, with Student's interval for what another sample would give.

    Segments of one programme resemble each other: where there are enough programmes, they are what is drawn at
    random (the cluster-robust variance of a mean; Liang and Zeger 1986, equation 2.6, with its correction G / (G - 1)).

    Args:
        values: [S], one for each segment; NaN where a segment has none.
        clusters: [S], the programme of each.

    Returns:
        The mean of what is there; None where nothing is.
    """
    there = ~np.isnan(values)
    found = values[there]
    if not found.size:
        return None
    mean = float(found.mean())
    if found.size == 1:
        return Mean(1, mean, None, None)
    names, cluster_of = np.unique(np.asarray(clusters)[there], return_inverse=True)
    residuals = np.bincount(cluster_of, found - mean) if len(names) >= ENOUGH else found - mean
    drawn = len(residuals)
    half = half_width(drawn, float(np.square(residuals).sum()) / found.size**2)
    return Mean(len(found), mean, mean - half, mean + half)


def half_width(drawn: int, squares: float) -> float:
    """Half of Student's interval.

    Args:
        drawn: how many were drawn at random, at least 2.
        squares: the sum of their squared residuals, over the squared number of values.
    """
    return float(stdtrit(drawn - 1, (1 + CONFIDENCE) / 2) * np.sqrt(squares * drawn / (drawn - 1)))


def within(mean: Mean, low: float, high: float) -> Mean:
    """The same mean of a quantity that has bounds: an interval ends there."""
    if mean.low is None or mean.high is None:
        return mean
    return Mean(mean.count, mean.mean, max(low, mean.low), min(high, mean.high))
