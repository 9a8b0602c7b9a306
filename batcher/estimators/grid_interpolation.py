"""Interpolation of the grid by a product kernel with one correlation for all players of a modality."""

import math
from typing import Final

import numpy as np

from batcher.estimators.arrays import BoolArray, FloatArray, GridDesigns
from batcher.estimators.estimator import GridEstimator
from batcher.estimators.explanation import Explanation
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.interpolation import fit_and_interpolate
from batcher.estimators.sparse_interpolation import fit_and_interpolate_sparse

RHOS: Final = tuple(1 - np.geomspace(0.6, 0.004, 12))
"""Candidates. Above the last the factor of the covariance loses its digits, and the estimate hardly changes."""


def grid_interpolation(values: FloatArray, designs: GridDesigns) -> Explanation:
    """Kernel interpolation of a product grid, its Shapley values in closed form.

    Each modality's function of its sub-mask is a Gaussian process on subsets (`HammingKernel`); rho is the
    candidate of the largest marginal likelihood, of all classes together, so that no class's phi depends on
    which others are explained. Exact where all designs are enumerations. An interpolation: dummies, symmetry,
    linearity and games of order two hold to the tolerances that the tests state. The derivation stands in
    `docs/estimator.md`.

    Args:
        values: float64 [K_T, K_A, K_V, C].
        designs: bool [K_m, n_m] of text, audio and video, none and all in each, no mask twice. An absent
            modality has n = 0 and K = 1.

    Returns:
        phi, standard errors and diagnostics of `interpolate`.

    Raises:
        ValueError: A design lacks none or all, or repeats a mask.
    """
    return fit_and_interpolate(values, designs, likeliest_rho)


def likeliest_rho(design: BoolArray, covariance: FloatArray) -> FloatArray:
    """The candidate under which the values are likeliest, their variance left free.

    Args:
        design: bool [K, n].
        covariance: of `covariance_of_values`, [K, K].

    Returns:
        float64 [n], the same for every player.
    """
    candidates = (np.full(design.shape[1], rho) for rho in RHOS)
    return min(candidates, key=lambda rho: profile_deviance(HammingKernel(design, rho), covariance))


def profile_deviance(kernel: HammingKernel, covariance: FloatArray) -> float:
    """-2 log likelihood per column of values with the covariance, at the likeliest variance, up to a constant."""
    misfit = float(np.trace(kernel.solve(covariance)))
    if misfit <= 0:
        return kernel.log_determinant
    return len(covariance) * math.log(misfit) + kernel.log_determinant


ESTIMATOR = GridEstimator(
    run=lambda values, designs, _seed: grid_interpolation(values, designs),
    run_sparse=lambda values, designs, _seed: fit_and_interpolate_sparse(values, designs, likeliest_rho),
)
