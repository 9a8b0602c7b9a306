"""A prior over games on the subsets of n players: their values vary with the players in which they differ.

k(S, S') = product over i of rho_i^[S and S' differ in i] + TREND (1 + mean over i of z_i z'_i), z = 1 for a player
that is in and -1 for one that is out: a product kernel with a linear trend (`docs/estimator.md`).
"""

from functools import cached_property
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from batcher.estimators.arrays import BoolArray, FloatArray

TREND: Final = 3.0
"""Variance of the constant and of the linear part; that of the product kernel is 1. Less of it shrinks what players do
alone, and with it shares; more of it costs exactness where masks are few."""
JITTER: Final = 1e-7
"""Added to the variance of a value, 1 + 2 TREND: keeps the factor stable where masks are nearly alike."""


class HammingKernel:
    """The kernel on the masks of a design.

    Args:
        design: bool [K, n], no mask twice, at least one player.
        rho: correlation of two values whose coalitions differ in player i alone, float64 [n], between 0 and 1.
    """

    def __init__(self, design: BoolArray, rho: FloatArray) -> None:
        self.design = design
        self.rho = rho
        self.signs = np.where(design, 1.0, -1.0)

    @cached_property
    def product(self) -> FloatArray:
        """The product part, float64 [K, K]."""
        decay = -np.log(self.rho)
        distance = (decay.sum() - (self.signs * decay) @ self.signs.T) / 2
        product: FloatArray = np.exp(-distance)
        return product

    @cached_property
    def covariance(self) -> FloatArray:
        """Covariance of the values of the masks, float64 [K, K], jitter included."""
        linear = self.signs @ self.signs.T / self.design.shape[1]
        covariance: FloatArray = self.product + TREND * (1 + linear) + JITTER * np.eye(len(self.design))
        return covariance

    @cached_property
    def _factor(self) -> tuple[FloatArray, bool]:
        factor: tuple[FloatArray, bool] = cho_factor(self.covariance, lower=True)
        return factor

    def solve(self, right: FloatArray) -> FloatArray:
        """Solve covariance @ x = right, [K, ...]."""
        found: FloatArray = cho_solve(self._factor, right)
        return found

    @property
    def log_determinant(self) -> float:
        """Of the covariance."""
        return 2 * float(np.log(np.diagonal(self._factor[0])).sum())

    def means(self, t: FloatArray) -> FloatArray:
        """Covariance of each mask with the mean of v where each player joins with probability t, [G, K]."""
        linear = (2 * t[:, None] - 1) * self.signs.mean(axis=1)
        means: FloatArray = self._product_means(t) + TREND * (1 + linear)
        return means

    def slopes(self, t: FloatArray) -> FloatArray:
        """Covariance of each mask with the mean of v with player i minus that without it, [G, n, K]."""
        match, other = self._factors(t)
        factor = np.where(self.design.T, match[:, :, None], other[:, :, None])
        product = self.signs.T * (1 - self.rho)[:, None] * self._product_means(t)[:, None, :] / factor
        slopes: FloatArray = product + TREND * 2 * self.signs.T / self.design.shape[1]
        return slopes

    def _product_means(self, t: FloatArray) -> FloatArray:
        match, other = np.log(self._factors(t))
        kept = self.design.astype(np.float64)
        means: FloatArray = np.exp(match @ kept.T + other @ (1 - kept).T)
        return means

    def _factors(self, t: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean of rho_i^[differ] over a player's joining, for masks with and without it; both [G, n]."""
        joins = t[:, None]
        return joins + (1 - joins) * self.rho, joins * self.rho + (1 - joins)
