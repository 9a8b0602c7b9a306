"""Deletion and insertion curves (Petsiuk et al. 2018): the value as players go, or come, in the order of their scores.

A good explanation loses the value soon when its strongest players are masked first (a small area under the deletion
curve), and regains it soon when they come first (a large area under the insertion curve).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

BoolArray = NDArray[np.bool_]


def order_of(scores: ArrayLike) -> NDArray[np.intp]:
    """Players [n] from the largest score to the smallest; equal ones as they stand."""
    return np.argsort(-np.asarray(scores, np.float64), kind="stable")


def insertion_masks(order: NDArray[np.intp]) -> BoolArray:
    """Sub-masks [n + 1, n] that keep none, the first, the first two, ... of an order [n]."""
    return np.argsort(order) < np.arange(len(order) + 1)[:, None]


def deletion_masks(order: NDArray[np.intp]) -> BoolArray:
    """Sub-masks [n + 1, n] that mask none, the first, the first two, ... of an order [n]."""
    return ~insertion_masks(order)


def area(values: ArrayLike) -> float:
    """The area under a curve of n + 1 values over the share of players 0, 1/n, ... 1, by trapezoids."""
    curve = np.asarray(values, np.float64)
    return float(np.trapezoid(curve) / (len(curve) - 1))
