"""Shapley values of a product grid by the multilinear extension of its game (`docs/estimator.md`).

Let f(t) be the mean of v over coalitions that each player joins on its own with probability t. Then phi_i is the
integral over t of the derivative of f towards player i (Owen 1972, Multilinear Extensions of Games, theorem 5),
a polynomial of degree p - 1, which ceil(p / 2) nodes of Gauss and Legendre integrate exactly. At each node the
three modalities are independent: a linear rule of each of them, applied to its axis of the grid, is all it takes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.polynomial.legendre import leggauss

from batcher.estimators.arrays import FloatArray

BLOCK: Final = 1 << 24
"""Numbers of a block of nodes' averages that are held at once."""


@dataclass(frozen=True, eq=False)
class Rule:
    """What the values of a modality's K masks say of its n players, at each of G nodes t."""

    mean: FloatArray
    """Weights with which the masks estimate the mean of v where each player joins with probability t, [G, K]."""
    slope: FloatArray
    """Weights with which they estimate the mean of v with player i minus that without it, [G, n, K]."""
    residuals: FloatArray | None = None
    """From values to what the other masks say wrongly of each mask, [K, K]; None: the values themselves."""
    clusters: FloatArray | None = None
    """How residuals add up to D independent errors, [K, D]; None where the masks are all there are."""

    def residual(self, values: FloatArray) -> FloatArray:
        """Apply `residuals` to values [..., K]."""
        return values if self.residuals is None else values @ self.residuals.T


@lru_cache(maxsize=512)
def quadrature(p: int) -> tuple[FloatArray, FloatArray]:
    """Nodes t and weights, float64 [G], that integrate polynomials of degree p - 1 over 0..1 exactly."""
    nodes, weights = leggauss(max(1, (p + 1) // 2))
    return (nodes + 1) / 2, weights / 2


def contract(grid: FloatArray, rules: Sequence[Rule], weights: FloatArray) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    """Contract a grid with the rules of its three modalities, at every node.

    Args:
        grid: values, float64 [C, K_T, K_A, K_V].
        rules: of text, audio and video, at the same G nodes.
        weights: of the nodes, float64 [G].

    Returns:
        phi, float64 [p, C], and of each modality's masks the independent errors that they bring, [D, p, C]: the
        covariance of phi is the sum of all their outer products.
    """
    sums = _Sums.zeros(rules, C=len(grid))
    block = max(1, BLOCK * min(grid.shape[1:]) // grid.size)
    for start in range(0, len(weights), block):
        here = slice(start, start + block)
        averages = [_average(grid, rule.mean[here], axis) for axis, rule in enumerate(rules, start=1)]
        sums.add(
            [replace(rule, mean=rule.mean[here], slope=rule.slope[here]) for rule in rules], weights[here], averages
        )
    return sums.phi(), sums.errors(rules)


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over nodes, by the modality of the players and, for errors, that of the masks."""

    of_players: list[FloatArray]
    """[n_m, C]."""
    of_masks: dict[tuple[int, int], FloatArray]
    """[n_m, C, K_s]: what the masks of modality s put into the errors of the players of modality m."""

    @classmethod
    def zeros(cls, rules: Sequence[Rule], *, C: int) -> "_Sums":
        n = [rule.slope.shape[1] for rule in rules]
        sampled = [s for s, rule in enumerate(rules) if rule.clusters is not None]
        masks = {(m, s): np.zeros((n[m], C, rules[s].mean.shape[1])) for m in range(len(n)) for s in sampled}
        return cls([np.zeros((players, C)) for players in n], masks)

    def add(self, rules: Sequence[Rule], weights: FloatArray, averages: Sequence[FloatArray]) -> None:
        """Add a block of nodes; averages [G, C, ...] over one modality leave the axes of the two others."""
        for m, rule in enumerate(rules):
            x, y = (other for other in range(len(rules)) if other != m)
            # [G, C, K_m]: the mean over both other modalities.
            mean = (_oriented(averages[y], m, x) @ rules[x].mean[:, None, :, None])[..., 0]
            self.of_players[m] += np.einsum("g,gij,gcj->ic", weights, rule.slope, mean, optimize=True)
            if (m, m) in self.of_masks:
                self.of_masks[m, m] += np.einsum("g,gij,gcj->icj", weights, rule.slope, rule.residual(mean))
            for s, third in ((x, y), (y, x)):
                if (m, s) in self.of_masks:
                    slopes = rule.slope[:, None] @ _oriented(averages[third], m, s)
                    weighted = weights[:, None] * rules[s].mean
                    self.of_masks[m, s] += np.einsum("gk,gcik->ick", weighted, rules[s].residual(slopes))

    def phi(self) -> FloatArray:
        return np.concatenate(self.of_players)

    def errors(self, rules: Sequence[Rule]) -> tuple[FloatArray, ...]:
        return tuple(self._errors_of(s, rule) for s, rule in enumerate(rules))

    def _errors_of(self, s: int, rule: Rule) -> FloatArray:
        if rule.clusters is None:
            return np.zeros((0, *self.phi().shape))
        parts = np.concatenate([self.of_masks[m, s] for m in range(len(self.of_players))])
        return np.moveaxis(parts @ rule.clusters, -1, 0)


def _average(grid: FloatArray, mean: FloatArray, axis: int) -> FloatArray:
    """Averages [G, C, ..] over one axis of a grid [C, K_T, K_A, K_V], by weights [G, K]."""
    before, after = grid.shape[:axis], grid.shape[axis + 1 :]
    stacked = grid.reshape(math.prod(before), grid.shape[axis], math.prod(after))
    if not after:  # one product of matrices, not one for each of the rows before the axis
        return (mean @ stacked[..., 0].T).reshape(len(mean), *before)
    return np.moveaxis((mean @ stacked).reshape(*before, len(mean), *after), len(before), 0)


def _oriented(average: FloatArray, m: int, s: int) -> FloatArray:
    """An average [G, C, ., .] over the third modality, with the axis of m before that of s."""
    return average if m < s else average.swapaxes(2, 3)
