"""Interpolation of the grid by a product kernel with one correlation per player."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize

from batcher.estimators.arrays import BoolArray, FloatArray, GridDesigns
from batcher.estimators.estimator import GridEstimator
from batcher.estimators.explanation import Explanation
from batcher.estimators.grid_interpolation import likeliest_rho
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.interpolation import fit_and_interpolate
from batcher.estimators.sparse_interpolation import fit_and_interpolate_sparse

LEAST_DECAY: Final = 1e-4
MOST_DECAY: Final = 4.0
"""Bounds of -log rho: beyond them nothing changes but the digits that the covariance's factor keeps."""
MOST_STEPS: Final = 60


def grid_interpolation_ard(values: FloatArray, designs: GridDesigns) -> Explanation:
    """As `grid_interpolation`, but each player has a rho of its own: automatic relevance determination.

    Players that change little keep their neighbours' values, so masks are spent on those that matter. A little
    more exact and slower. With hardly more masks than players the fit chases noise, and its standard errors are
    too small.

    Args:
        values: float64 [K_T, K_A, K_V, C].
        designs: bool [K_m, n_m], none and all in each, no mask twice.

    Returns:
        phi, standard errors and diagnostics of `interpolate`.

    Raises:
        ValueError: A design lacks none or all, or repeats a mask.
    """
    return fit_and_interpolate(values, designs, relevance)


def relevance(design: BoolArray, covariance: FloatArray) -> FloatArray:
    """Each player's rho, float64 [n], by the largest posterior density.

    log(-log rho_i) = m + u_i with u_i standard normal and m flat: players share a level unless their values say
    otherwise. The search starts at the likeliest common rho.

    Args:
        design: bool [K, n].
        covariance: of `covariance_of_values`, [K, K].
    """
    common = likeliest_rho(design, covariance)
    scale = float(np.trace(covariance))
    if scale <= 0:
        return common
    posterior = _Posterior(design, covariance / scale)
    start = np.concatenate([[math.log(-math.log(common[0]))], np.zeros(design.shape[1])])
    bounds = [(math.log(LEAST_DECAY), math.log(MOST_DECAY)), *[(-6.0, 6.0)] * design.shape[1]]
    found = minimize(posterior, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MOST_STEPS})
    return np.exp(-_decay(found.x))


def _decay(x: FloatArray) -> FloatArray:
    """-log rho of every player, float64 [n], from (m, u_1, .., u_n)."""
    decay: FloatArray = np.clip(np.exp(x[0] + x[1:]), LEAST_DECAY, MOST_DECAY)
    return decay


@dataclass(frozen=True, eq=False)
class _Posterior:
    """-2 log posterior density of (m, u), the values' variance left free, and its gradient."""

    design: BoolArray
    covariance: FloatArray

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        decay = _decay(x)
        kernel = HammingKernel(self.design, np.exp(-decay))
        K = len(self.design)
        inverse = kernel.solve(np.eye(K))
        solved = inverse @ self.covariance
        misfit = float(np.trace(solved))
        deviance = K * math.log(misfit) + kernel.log_determinant + float(np.square(x[1:]).sum())
        # d deviance / d K = inverse - (K / misfit) inverse covariance inverse; d product / d decay_i = -product
        # where masks differ in player i.
        towards = (inverse - (K / misfit) * solved @ inverse) * kernel.product
        differing = (towards.sum() - np.einsum("ji,ji->i", kernel.signs, towards @ kernel.signs)) / 2
        free = (decay > LEAST_DECAY) & (decay < MOST_DECAY)
        slope = np.where(free, -differing * decay, 0.0)
        return deviance, np.concatenate([[slope.sum()], slope + 2 * x[1:]])


ESTIMATOR = GridEstimator(
    run=lambda values, designs, _seed: grid_interpolation_ard(values, designs),
    run_sparse=lambda values, designs, _seed: fit_and_interpolate_sparse(values, designs, relevance),
)
