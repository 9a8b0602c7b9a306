"""Permutation sampling on the grid: noisy, and without any bias, so it audits the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from batcher.estimators.arrays import MODALITIES, BoolArray, FloatArray, GridDesigns, grid_ends
from batcher.estimators.estimator import GridEstimator
from batcher.estimators.explanation import Explanation
from batcher.estimators.multilinear import Rule, contract, quadrature
from batcher.estimators.rules import enumeration_rule, is_enumeration


def chains(values: FloatArray, designs: GridDesigns) -> Explanation:
    """Average the marginal contributions along chains of masks, over every interleaving of the modalities'.

    Each modality's design holds R random permutations as chains of masks that grow by one player (`draw_chains`).
    A random interleaving of one chain of each modality is a random permutation of all players (Castro, Gomez and
    Tejada 2009), so the estimate is unbiased; here all of them are averaged in closed form.

    Args:
        values: float64 [K_T, K_A, K_V, C].
        designs: bool [K_m, n_m]: all masks, or of `draw_chains`.

    Returns:
        phi. Standard errors come from how the chains of a modality differ; there are none where one that isn't
        enumerated has a single chain. Diagnostics: ``chains_text`` and so on, the number of chains of a modality
        that was sampled.

    Raises:
        ValueError: A design is neither an enumeration nor made of chains.
    """
    grid_ends(designs)
    unfolded = [_unfold(modality, design) for modality, design in zip(MODALITIES, designs, strict=True)]
    t, weights = quadrature(sum(design.shape[1] for design in designs))
    rules = [_rule(design, chained, t) for design, chained in zip(designs, unfolded, strict=True)]
    grid = np.moveaxis(values[np.ix_(*_rows(designs, unfolded))], -1, 0)
    phi, errors = contract(np.ascontiguousarray(grid), rules, weights)
    counts = {f"chains_{m}": float(chained.count) for m, chained in zip(MODALITIES, unfolded, strict=True) if chained}
    if 1 in counts.values():
        return Explanation(phi, diagnostics=counts)
    return Explanation.of_errors(phi, errors, counts)


@dataclass(frozen=True, eq=False)
class _Chains:
    """R chains of n + 1 masks each, none and all included."""

    rows: npt.NDArray[np.intp]
    """Of the design, [R, n + 1], by size."""
    order: npt.NDArray[np.intp]
    """Players in the order in which they join, [R, n]."""

    @property
    def count(self) -> int:
        return len(self.rows)


def _unfold(modality: str, design: BoolArray) -> _Chains | None:
    """The chains of a design; None where it is an enumeration.

    Raises:
        ValueError: It isn't made of chains.
    """
    K, n = design.shape
    if n == 0 or (is_enumeration(design) and len(np.unique(design, axis=0)) == K):
        return None
    R, rest = divmod(K - 2, n - 1) if n > 1 else (0, 1)
    if R < 1 or rest:
        raise _no_chains(modality, design)
    inner = 2 + np.arange(R * (n - 1)).reshape(R, n - 1)
    rows = np.concatenate([np.zeros((R, 1), np.intp), inner, np.ones((R, 1), np.intp)], axis=1)
    masks = design[rows]
    joined = masks[:, 1:] & ~masks[:, :-1]
    if (masks[:, :-1] & ~masks[:, 1:]).any() or not (joined.sum(axis=2) == 1).all():
        raise _no_chains(modality, design)
    return _Chains(rows, joined.argmax(axis=2))


def _no_chains(modality: str, design: BoolArray) -> ValueError:
    return ValueError(
        f"the {modality} design, of shape {design.shape}, isn't made of chains: 'chains' needs all masks, or none, "
        "all, and then of each permutation the masks of sizes 1 to n - 1 (batcher.designs.draw_chains)"
    )


def _rows(designs: GridDesigns, unfolded: Sequence[_Chains | None]) -> list[npt.NDArray[np.intp]]:
    """Rows of each design on the axes of the unfolded grid: every chain has its own none and all."""
    return [
        np.arange(len(design)) if chained is None else chained.rows.ravel()
        for design, chained in zip(designs, unfolded, strict=True)
    ]


def _rule(design: BoolArray, chained: _Chains | None, t: FloatArray) -> Rule:
    if chained is None:
        return enumeration_rule(design, t)
    R, n = chained.order.shape
    sizes = np.arange(n + 1)
    mean = np.tile(binom.pmf(sizes, n, t[:, None]) / R, R)
    slope = np.zeros((len(t), n, R, n + 1))
    chain = np.arange(R)[:, None]
    # A player joins at a given place in one of n chains, in the mean: hence n.
    steps = n * binom.pmf(sizes[:-1], n - 1, t[:, None]) / R
    slope[:, chained.order, chain, sizes[:-1]] -= steps[:, None, :]
    slope[:, chained.order, chain, sizes[1:]] += steps[:, None, :]
    apart = np.repeat(np.eye(R), n + 1, axis=0)
    clusters = (R * apart - 1) / np.sqrt(R * max(1, R - 1))
    return Rule(mean, slope.reshape(len(t), n, -1), clusters=clusters)


ESTIMATOR = GridEstimator(run=lambda values, designs, _seed: chains(values, designs), design="chains")
"""Its own kind of design."""
