"""Constrained weighted least squares on a product grid, solved without ever listing the grid's coalitions."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh, helmert

from batcher.estimators.arrays import MODALITIES, BoolArray, FloatArray, GridDesigns, row_of_size
from batcher.estimators.explanation import Explanation
from batcher.estimators.shapley_kernel import grid_weights

RANK_TOLERANCE = 1e-12
"""Eigenvalues of the normal matrix below this share of the largest count as 0 (they are squares)."""


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """Sums over the grid, with z the indicator of a point's coalition and y = v - v(none)."""

    gram: FloatArray
    """Sum of W z z', float64 [p, p]."""

    moment: FloatArray
    """Sum of W z y, float64 [p, C]."""

    power: FloatArray
    """Sum of W y^2, float64 [C]."""

    delta: FloatArray
    """v(all) - v(none), float64 [C]."""


def fit_additive(values: FloatArray, designs: GridDesigns) -> Explanation:
    """The additive game nearest to the values under the Shapley kernel, with efficiency as a constraint.

    Minimises the sum of W (v - v(none) - z . phi)^2 subject to sum phi = v(all) - v(none) (Lundberg and Lee
    2017, theorem 2; as a constrained problem in Covert and Lee 2021), W of `grid_weights`, all classes at
    once. Where the masks leave phi undetermined, it is the solution of least norm.

    Args:
        values: float64 [K_T, K_A, K_V, C].
        designs: bool [K_m, n_m]; none and all are in each.

    Returns:
        phi without standard errors. Diagnostics: ``rank_deficiency`` (directions of phi that the masks leave
        undetermined), ``condition_number`` (of the normal equations on the others) and ``residual_share`` (of
        the weighted squared deviation from an even split, the share that no additive game explains).

    Raises:
        ValueError: A design lacks none or all.
    """
    none, full = _grid_ends(designs)
    equations = _normal_equations(values, designs, none, full)
    return _solve(equations)


def _grid_ends(designs: GridDesigns) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The grid points of none and all."""
    rows = [
        (_row(name, design, 0), _row(name, design, design.shape[1]))
        for name, design in zip(MODALITIES, designs, strict=True)
    ]
    return tuple(none for none, _ in rows), tuple(full for _, full in rows)


def _row(modality: str, design: BoolArray, size: int) -> int:
    row = row_of_size(design, size)
    if row is None:
        raise ValueError(
            f"the {modality} design, of shape {design.shape}, has no mask that keeps {size} players: add "
            "none and all to each design, efficiency needs their values"
        )
    return row


def _normal_equations(
    values: FloatArray, designs: GridDesigns, none: tuple[int, ...], full: tuple[int, ...]
) -> NormalEquations:
    weights = grid_weights(designs)
    y = values - values[none]
    weighted = weights[..., None] * y
    text_audio = weighted.sum(axis=2)
    moments = (text_audio.sum(axis=1), text_audio.sum(axis=0), weighted.sum(axis=(0, 1)))
    return NormalEquations(
        gram=_gram(weights, designs),
        moment=np.concatenate([Z.T @ moment for Z, moment in zip(_indicators(designs), moments, strict=True)]),
        power=np.einsum("jklc,jklc->c", weighted, y),
        delta=values[full] - values[none],
    )


def _indicators(designs: GridDesigns) -> list[FloatArray]:
    return [design.astype(np.float64) for design in designs]


def _gram(weights: FloatArray, designs: GridDesigns) -> FloatArray:
    """Sum of W z z' over the grid: every block needs only W summed over the modalities it leaves out."""
    T, A, V = _indicators(designs)
    text_audio, text_video, audio_video = (weights.sum(axis=axis) for axis in (2, 1, 0))
    TA, TV, AV = T.T @ text_audio @ A, T.T @ text_video @ V, A.T @ audio_video @ V
    TT = (T.T * text_audio.sum(axis=1)) @ T
    AA = (A.T * text_audio.sum(axis=0)) @ A
    VV = (V.T * text_video.sum(axis=0)) @ V
    return np.block([[TT, TA, TV], [TA.T, AA, AV], [TV.T, AV.T, VV]])


def _solve(equations: NormalEquations) -> Explanation:
    """Solve for phi = delta / p + Q u, Q an orthonormal basis of the vectors that sum to 0."""
    p = len(equations.gram)
    if p == 0:
        return _explanation(equations.moment, 0, 1.0, 0.0)
    even = np.broadcast_to(equations.delta / p, equations.moment.shape)
    Q = helmert(p).T
    moment = Q.T @ (equations.moment - equations.gram @ even)
    eigenvalues, axes = _spectrum(Q.T @ equations.gram @ Q)
    projected = axes.T @ moment
    phi = even + Q @ (axes @ (projected / eigenvalues[:, None]))
    phi += (equations.delta - phi.sum(axis=0)) / p  # the last digits of efficiency
    explained = float((projected**2 / eigenvalues[:, None]).sum())
    condition = float(eigenvalues.max() / eigenvalues.min()) if len(eigenvalues) else 1.0
    return _explanation(phi, p - 1 - len(eigenvalues), condition, _residual_share(equations, even, explained))


def _spectrum(normal: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The eigenvalues that aren't 0, float64 [r], and their eigenvectors, float64 [p - 1, r]."""
    if len(normal) == 0:
        return np.zeros(0), np.zeros((0, 0))
    eigenvalues, axes = eigh(normal)
    kept = eigenvalues > RANK_TOLERANCE * max(eigenvalues[-1], 0.0)
    return eigenvalues[kept], axes[:, kept]


def _residual_share(equations: NormalEquations, even: FloatArray, explained: float) -> float:
    power = float(equations.power.sum())
    around_even = float(power - 2 * (even * equations.moment).sum() + (even * (equations.gram @ even)).sum())
    # An even split that is the answer leaves only rounding, of which a share means nothing.
    if around_even <= np.finfo(np.float64).eps * len(even) * power:
        return 0.0
    return float(np.clip(1 - explained / around_even, 0, 1))


def _explanation(phi: FloatArray, deficiency: int, condition: float, residual_share: float) -> Explanation:
    diagnostics = {
        "rank_deficiency": float(deficiency),
        "condition_number": condition,
        "residual_share": residual_share,
    }
    return Explanation(phi=phi, se=None, diagnostics=diagnostics)
