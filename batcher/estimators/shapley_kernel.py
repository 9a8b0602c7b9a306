"""The Shapley kernel, shared out over the masks of a design."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from batcher.estimators.arrays import BoolArray, FloatArray, GridDesigns


def log_binomial(n: int, k: npt.NDArray[Any]) -> FloatArray:
    """Logarithm of C(n, k), float64 of k's shape: products of binomials overflow."""
    log: FloatArray = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return log


def grid_weights(designs: GridDesigns) -> FloatArray:
    """Weights of the grid's points in the least squares that define Shapley values.

    The kernel gives a coalition of size s of p players (p - 1) / (C(p, s) s (p - s)) (Lundberg and Lee 2017,
    theorem 2). A stratum (a, b, c) of sizes holds C(n_T, a) C(n_A, b) C(n_V, c) coalitions; the grid points
    in it share its mass equally. On the full enumeration that is the kernel itself.

    Args:
        designs: bool [K_m, n_m] of each modality.

    Returns:
        float64 [K_T, K_A, K_V], the largest 1; 0 at none and all, which enter as a constraint instead.
    """
    p = sum(design.shape[1] for design in designs)
    strata = [_size_strata(design) for design in designs]
    (a, mass_a, in_a), (b, mass_b, in_b), (c, mass_c, in_c) = strata
    s = a[:, None, None] + b[:, None] + c
    inner = (s > 0) & (s < p)
    if not inner.any():
        return np.zeros((len(in_a), len(in_b), len(in_c)))
    scale = np.where(inner, s * (p - s), 1)
    log = mass_a[:, None, None] + mass_b[:, None] + mass_c - log_binomial(p, s) - np.log(scale)
    # p - 1 is the same everywhere and goes with the normalisation.
    table = np.where(inner, np.exp(log - log[inner].max(), where=inner, out=np.zeros_like(log)), 0.0)
    weights: FloatArray = table[np.ix_(in_a, in_b, in_c)]
    return weights


def _size_strata(design: BoolArray) -> tuple[npt.NDArray[np.intp], FloatArray, npt.NDArray[np.intp]]:
    """The distinct mask sizes, log of C(n, size) / number of masks of the size, and each mask's stratum."""
    sizes, stratum, count = np.unique(design.sum(axis=1), return_inverse=True, return_counts=True)
    return sizes, log_binomial(design.shape[1], sizes) - np.log(count), stratum
