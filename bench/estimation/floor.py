"""The least that the interpolation of a grid can take: its products of matrices and its memory traffic."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from batcher.estimators.multilinear import quadrature
from bench.estimation.problem import CLASSES, Size
from bench.estimation.stages import timed

SIDE: Final = 1024
"""Of the matrices whose product is timed."""
COPIED: Final = 1 << 27
"""Bytes of the array whose copy is timed: more than caches hold of it."""
REPEATS: Final = 5


@dataclass(frozen=True)
class Rates:
    """Of this machine, on one thread."""

    flops: float
    """Of a product of large matrices in float64, per second."""
    bandwidth: float
    """Bytes read and written per second."""


def measured_rates() -> Rates:
    """Time a product and a copy, at their best."""
    matrix = np.random.default_rng(0).normal(size=(SIDE, SIDE))
    source, target = np.zeros(COPIED, np.uint8), np.zeros(COPIED, np.uint8)
    product = timed(lambda: matrix @ matrix[::-1], REPEATS).least
    copy = timed(lambda: np.copyto(target, source), REPEATS).least
    return Rates(2 * SIDE**3 / product, 2 * COPIED / copy)


def flops_of(size: Size) -> int:
    """Of covariances, of averages at all nodes, and of residuals.

    A covariance is symmetric, so half of it is enough. Factors of covariances and exponentials are left out.
    """
    values, nodes = CLASSES * math.prod(size.K), len(quadrature(sum(size.n))[0])
    covariances = sum(K * values for K in size.K)
    averages = len(size.K) * 2 * nodes * values
    residuals = sum(
        2 * nodes * CLASSES * size.n[m] * size.K[s] * (size.K[m] + size.K[s])
        for m in range(len(size.K))
        for s in range(len(size.K))
        if m != s
    )
    return covariances + averages + residuals


def bytes_of(size: Size) -> int:
    """Logits are read in float32; values are written and read once in float64."""
    return (4 + 8 + 8) * CLASSES * math.prod(size.K)


def floor_s(size: Size, rates: Rates) -> float:
    """Seconds of the products and of the traffic, one after the other."""
    return flops_of(size) / rates.flops + bytes_of(size) / rates.bandwidth
