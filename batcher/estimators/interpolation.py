"""Interpolation of a product grid: what the default estimator and its refinement share."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from batcher.estimators.arrays import MODALITIES, BoolArray, FloatArray, GridDesigns, check_distinct, grid_ends
from batcher.estimators.explanation import Explanation
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.multilinear import Rule, contract, quadrature
from batcher.estimators.rules import enumeration_rule, interpolation_rule, is_enumeration

ROUNDING: Final = 1e-13
"""Of the sum of squares of all values; far above what rounding leaves of it, far below what matters."""


def classes_first(values: FloatArray) -> FloatArray:
    """The grid as all sums over it want it: values [K_T, K_A, K_V, C] as [C, K_T, K_A, K_V], of mean 0 per class."""
    grid = np.moveaxis(values, -1, 0)
    # A mean isn't exact, and where values are all the same nothing must remain of them.
    grid = np.subtract(grid, grid[:, :1, :1, :1], order="C")
    grid -= grid.mean(axis=(1, 2, 3), keepdims=True)
    return grid


def fit_and_interpolate(
    values: FloatArray, designs: GridDesigns, fit: Callable[[BoolArray, FloatArray], FloatArray]
) -> Explanation:
    """Interpolate a grid by kernels that are fitted to it.

    Args:
        values: float64 [K_T, K_A, K_V, C].
        designs: bool [K_m, n_m] of text, audio and video.
        fit: from the design of a modality that is sampled and its `covariance_of_values` to rho, float64 [n_m].

    Raises:
        ValueError: A design lacks none or all, or repeats a mask.
    """
    check_distinct(designs)
    grid = classes_first(values)
    rhos = [
        None if is_enumeration(design) else fit(design, covariance_of_values(grid, axis))
        for axis, design in enumerate(designs, start=1)
    ]
    return interpolate(grid, designs, rhos)


def interpolate(grid: FloatArray, designs: GridDesigns, rhos: Sequence[FloatArray | None]) -> Explanation:
    """Shapley values of the interpolant of a grid, the product of one interpolant for each modality.

    Args:
        grid: float64 [C, K_T, K_A, K_V], of `classes_first`.
        designs: bool [K_m, n_m] of text, audio and video, none and all in each, no mask twice.
        rhos: of each modality's kernel, float64 [n_m]; None where the design is an enumeration.

    Returns:
        phi with standard errors, if pairs were drawn, and the roots of its covariance. Diagnostics: ``rho_text`` and
        so on, the geometric mean of rho where the modality was sampled, and ``efficiency_gap``, the largest |v(all) -
        v(none) - sum of phi| before it was shared out.

    Raises:
        ValueError: A design lacks none or all.
    """
    none, full = grid_ends(designs)
    t, weights = quadrature(sum(design.shape[1] for design in designs))
    rules = [rule_of(design, rho, t) for design, rho in zip(designs, rhos, strict=True)]
    phi, errors = contract(grid, rules, weights)
    by_point = np.moveaxis(grid, 0, -1)
    return explained(phi, errors, by_point[full] - by_point[none], designs, rhos, rules)


def explained(
    phi: FloatArray,
    errors: tuple[FloatArray, ...],
    gain: FloatArray,
    designs: GridDesigns,
    rhos: Sequence[FloatArray | None],
    rules: Sequence[Rule],
) -> Explanation:
    """The explanation of what rules made of values.

    Args:
        phi: float64 [p, C], which needn't add up.
        errors: of each modality's masks, float64 [D, p, C].
        gain: v(all) - v(none), float64 [C].
        designs: bool [K_m, n_m] of text, audio and video.
        rhos: of each modality's kernel, as of `interpolate`.
        rules: of all masks of each modality.
    """
    gap = gain - phi.sum(axis=0)
    diagnostics = {f"rho_{m}": _geometric_mean(rho) for m, rho in zip(MODALITIES, rhos, strict=True) if rho is not None}
    explanation = Explanation.of_errors(
        phi + gap / max(1, len(phi)),
        tuple(part - part.sum(axis=1, keepdims=True) / max(1, len(phi)) for part in errors),
        diagnostics | {"efficiency_gap": float(np.abs(gap).max(initial=0.0))},
    )
    if any(rule.clusters is not None and not rule.clusters.size for rule in rules):
        # A sample that holds whole sizes or nothing of them: no pair was drawn whose like could have been.
        return Explanation(explanation.phi, diagnostics=explanation.diagnostics, noise="shrunk")
    return replace(explanation, noise="shrunk", leverages=tuple(map(_leverage, designs)))


def covariance_of_values(grid: FloatArray, axis: int) -> FloatArray:
    """Sums of products of the values of each two masks of a modality, over all else, float64 [K, K].

    Over all masks of the other modalities and all classes, means over the masks taken off: what a kernel's
    parameters are fitted to. The axis of the modality is 1, 2 or 3 of a grid of `classes_first`.
    """
    K = grid.shape[axis]
    products = np.zeros((K, K))
    for values in grid:  # one class at a time, in the cache, where putting the axis first costs little
        rows = np.moveaxis(values, axis - 1, 0).reshape(K, -1)
        products += rows @ rows.T
    products -= products.mean(axis=0)
    products -= products.mean(axis=1, keepdims=True)
    # Rounding may leave a modality that hardly matters negative eigenvalues, which an inverse blows up.
    products += ROUNDING * np.square(grid).sum() * np.eye(K)
    return products


def rule_of(design: BoolArray, rho: FloatArray | None, t: FloatArray) -> Rule:
    """The rule of a design at nodes t [G]: that of an enumeration where rho is None."""
    return enumeration_rule(design, t) if rho is None else interpolation_rule(HammingKernel(design, rho), t)


def _leverage(design: BoolArray) -> float:
    """Players per drawn pair: the mean of what a pair has to say in its own prediction."""
    K, n = design.shape
    return float(min(1.0, 2 * n / max(1, K - 2)))


def _geometric_mean(rho: FloatArray) -> float:
    return float(np.exp(np.log(rho).mean()))
