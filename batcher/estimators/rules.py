"""Rules of one modality: exact where its masks are all there are, else interpolation under a kernel."""

import math

import numpy as np
import numpy.typing as npt

from batcher.estimators.arrays import BoolArray, FloatArray
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.multilinear import Rule


def is_enumeration(design: BoolArray) -> bool:
    """Whether a design bool [K, n] without repeated masks holds all 2^n of them."""
    masks, n = design.shape
    return bool(masks == 1 << n)


def enumeration_rule(design: BoolArray, t: FloatArray) -> Rule:
    """The rule of all 2^n masks, at nodes t [G]: the probabilities with which players join."""
    n, sizes = design.shape[1], design.sum(axis=1)
    others = sizes - design.T
    joining, staying = t[:, None, None], 1 - t[:, None, None]
    return Rule(
        mean=t[:, None] ** sizes * (1 - t[:, None]) ** (n - sizes),
        slope=np.where(design.T, 1.0, -1.0) * joining**others * staying ** (n - 1 - others),
    )


def interpolation_rule(kernel: HammingKernel, t: FloatArray) -> Rule:
    """The posterior mean of a Gaussian process with the kernel, seen at its masks, at nodes t [G].

    Its errors are those of leaving out one complement pair at a time, which were drawn independently, each times
    the square root of the share of its size's masks that were not drawn.
    """
    inverse = kernel.solve(np.eye(len(kernel.design)))
    residuals, clusters = _left_out(kernel.design, inverse)
    return Rule(kernel.means(t) @ inverse, kernel.slopes(t) @ inverse, residuals, clusters)


def _left_out(design: BoolArray, inverse: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What remains of each mask's value after predicting its pair from the others [K, K], and pairs [K, D].

    The inverse of the covariance holds it: with P the rows of a pair, (inverse_PP)^-1 inverse_P. (Rasmussen and
    Williams, Gaussian Processes for Machine Learning, section 5.4.2, for pairs.)
    """
    partner = complements(design)
    residuals = inverse / np.diagonal(inverse)[:, None]
    pairs = np.flatnonzero(np.arange(len(design)) < partner)
    rows = np.stack([pairs, partner[pairs]], axis=1)
    residuals[rows] = np.linalg.solve(inverse[rows[:, :, None], rows[:, None, :]], inverse[rows])
    return residuals, pair_clusters(design)


def pair_clusters(design: BoolArray) -> FloatArray:
    """Which errors of masks belong to one complement pair, and count: float64 [K, D].

    A mask counts by sqrt(1 - K_s / C(n, s)), K_s the number of masks of its size s, so where all masks of a size
    are there, as none and all are, they bring no error. Pairs that don't count are left out.
    """
    first: dict[bytes, int] = {}
    pair = [first.setdefault(min(mask.tobytes(), (~mask).tobytes()), row) for row, mask in enumerate(design)]
    clusters = np.zeros((len(design), len(design)))
    clusters[np.arange(len(design)), pair] = np.sqrt(undrawn(design))
    return clusters[:, clusters.any(axis=0)]


def undrawn(design: BoolArray) -> FloatArray:
    """Share of all masks of each mask's size that the design [K, n] lacks, float64 [K]."""
    n, sizes = design.shape[1], design.sum(axis=1)
    distinct = {mask.tobytes(): size for mask, size in zip(design, sizes, strict=True)}
    drawn = np.bincount(list(distinct.values()), minlength=n + 1)
    share = np.array([1 - int(count) / math.comb(n, size) for size, count in enumerate(drawn)])
    found: FloatArray = share[sizes]
    return found


def complements(design: BoolArray) -> npt.NDArray[np.intp]:
    """The row of each mask's complement, [K]; its own row where the design lacks it."""
    rows = {mask.tobytes(): row for row, mask in enumerate(design)}
    return np.array([rows.get(mask.tobytes(), row) for row, mask in enumerate(~design)], dtype=np.intp)
