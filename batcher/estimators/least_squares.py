"""Constrained weighted least squares on a product grid, solved without ever listing the grid's coalitions."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh, helmert

from batcher.estimators.arrays import FloatArray, GridDesigns, grid_ends
from batcher.estimators.explanation import Explanation
from batcher.estimators.rules import pair_clusters
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
        phi, with standard errors where the masks determine it (`_errors_of_pairs`). Diagnostics:
        ``rank_deficiency`` (directions of phi that the masks leave undetermined), ``condition_number`` (of the normal
        equations on the others) and ``residual_share`` (of the weighted squared deviation from an even split, the
        share that no additive game explains).

    Raises:
        ValueError: A design lacks none or all.
    """
    none, full = grid_ends(designs)
    weights = grid_weights(designs)
    y = values - values[none]
    equations = _normal_equations(weights, y, designs, delta=y[full])
    explanation = _solve(equations)
    if explanation.diagnostics["rank_deficiency"]:
        return explanation
    residuals = y - _predicted(explanation.phi, designs)
    errors = (_errors_of_pairs(axis, weights, residuals, designs, equations.gram) for axis in range(len(designs)))
    return Explanation.of_errors(explanation.phi, tuple(errors), explanation.diagnostics)


def _normal_equations(
    weights: FloatArray, y: FloatArray, designs: GridDesigns, *, delta: FloatArray
) -> NormalEquations:
    return NormalEquations(
        gram=_gram(weights, designs),
        moment=_moment(weights, y, designs),
        power=np.einsum("jkl,jklc,jklc->c", weights, y, y),
        delta=delta,
    )


def _moment(weights: FloatArray, y: FloatArray, designs: GridDesigns) -> FloatArray:
    """Sum of W z y over the grid, [p, C]."""
    weighted = weights[..., None] * y
    text_audio = weighted.sum(axis=2)
    moments = (text_audio.sum(axis=1), text_audio.sum(axis=0), weighted.sum(axis=(0, 1)))
    return np.concatenate([Z.T @ moment for Z, moment in zip(_indicators(designs), moments, strict=True)])


def _predicted(phi: FloatArray, designs: GridDesigns) -> FloatArray:
    """The additive game's values on the grid, [K_T, K_A, K_V, C]."""
    ends = np.cumsum([design.shape[1] for design in designs])[:-1]
    text, audio, video = (Z @ part for Z, part in zip(_indicators(designs), np.split(phi, ends), strict=True))
    return text[:, None, None] + audio[:, None] + video


def _errors_of_pairs(
    axis: int, weights: FloatArray, residuals: FloatArray, designs: GridDesigns, gram: FloatArray
) -> FloatArray:
    """What each complement pair of a modality's masks puts into the error of phi, float64 [D, p, C].

    With H and s the pair's parts of the Gram matrix G and of the sum of W z e, leaving the pair out changes phi by
    (G - H)^-1 s among the vectors that sum to 0. That overstates the error, (G)^-1 s understates it, because the fit
    leans towards the pair; (G - H / 2)^-1 s is right to first order, as HC2 is (MacKinnon and White 1985).
    """
    clusters = pair_clusters(designs[axis])
    Q = helmert(len(gram)).T if len(gram) > 1 else np.zeros((len(gram), 0))
    changes = np.zeros((clusters.shape[1], len(gram), residuals.shape[-1]))
    for d, counts in enumerate(clusters.T):
        rows = np.flatnonzero(counts)
        text, audio, video = (design[rows] if i == axis else design for i, design in enumerate(designs))
        part = (text, audio, video)
        here = weights.take(rows, axis)
        scores = _moment(here, residuals.take(rows, axis), part) * counts[rows[0]]
        changes[d] = Q @ np.linalg.solve(Q.T @ (gram - _gram(here, part) / 2) @ Q, Q.T @ scores)
    return changes


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
