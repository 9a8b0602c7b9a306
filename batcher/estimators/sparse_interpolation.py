"""Interpolation of a part of a product grid, in closed form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from batcher.estimators.arrays import BoolArray, FloatArray, GridDesigns, check_distinct, grid_ends
from batcher.estimators.explanation import Explanation
from batcher.estimators.interpolation import classes_first, covariance_of_values, explained, rule_of
from batcher.estimators.multilinear import Rule, contract, quadrature
from batcher.estimators.rules import is_enumeration
from batcher.estimators.sparse_grid import SparseValues


def fit_and_interpolate_sparse(
    values: SparseValues, designs: GridDesigns, fit: Callable[[BoolArray, FloatArray], FloatArray]
) -> Explanation:
    """Interpolate a part of a grid by kernels that are fitted to it.

    The interpolant is the posterior mean, given all points that were evaluated and no others, under the same prior as
    that of a whole grid (`batcher.estimators.interpolation`): the sum of the interpolants of the part's product grids,
    with their weights. So are the errors, those of leaving a pair of masks out of the whole part.

    Args:
        values: of the part.
        designs: bool [K_m, n_m] of text, audio and video, none and all among the leading masks of the smallest level.
        fit: as of `fit_and_interpolate`.

    Raises:
        ValueError: A design lacks none or all among its leading masks, repeats a mask, or doesn't fit the values.
    """
    part = values.grid
    if tuple(map(len, designs)) != part.masks:
        raise ValueError(f"the designs have {tuple(map(len, designs))} masks and the values {part.masks}: give both")
    check_distinct(designs)
    none, full = grid_ends(_leading(designs, [levels[0] for levels in part.levels]))
    middle = _mean(values)
    rhos = [_fitted(values, designs, axis, fit) for axis in range(len(designs))]
    t, weights = quadrature(sum(design.shape[1] for design in designs))
    rules = {
        (axis, k): rule_of(design[:k], None if is_enumeration(design[:k]) else rhos[axis], t)
        for axis, design in enumerate(designs)
        for k in part.levels[axis]
    }
    sums = _Sums.zeros(designs, values.classes)
    for block, weight in part.blocks.items():
        of_block = [rules[axis, k] for axis, k in enumerate(block)]
        centred = np.moveaxis(values.block(block) - middle, -1, 0)
        sums.add(weight, *contract(np.ascontiguousarray(centred), of_block, weights), of_block)
    return explained(
        sums.phi,
        sums.drawn_errors(),
        values.at(full) - values.at(none),
        designs,
        rhos,
        [rules[axis, k] for axis, k in enumerate(part.masks)],
    )


def _fitted(
    values: SparseValues, designs: GridDesigns, axis: int, fit: Callable[[BoolArray, FloatArray], FloatArray]
) -> FloatArray | None:
    """Correlations rho [n] of a modality, by the widest block of it; None where all levels are enumerations."""
    part, design = values.grid, designs[axis]
    if all(is_enumeration(design[:k]) for k in part.levels[axis]):
        return None
    return fit(design, covariance_of_values(classes_first(values.block(part.widest(axis))), axis + 1))


def _mean(values: SparseValues) -> FloatArray:
    """Of every value, [C]; exact where they are all the same."""
    first = values.cells[0][0, 0, 0]
    middle: FloatArray = first + sum((cell - first).sum(axis=(0, 1, 2)) for cell in values.cells) / values.grid.points
    return middle


def _leading(designs: GridDesigns, levels: Sequence[int]) -> GridDesigns:
    text, audio, video = (design[:k] for design, k in zip(designs, levels, strict=True))
    return text, audio, video


@dataclass(frozen=True, eq=False)
class _Sums:
    """Weighted sums over blocks: phi, and what each pair of masks, by its first row, puts into its errors."""

    phi: FloatArray
    """[p, C]."""
    errors: tuple[FloatArray, ...]
    """Of each modality, [K, p, C]."""
    drawn: tuple[BoolArray, ...]
    """Which rows stand for a pair that brings errors, [K]."""

    @classmethod
    def zeros(cls, designs: GridDesigns, C: int) -> "_Sums":
        p = sum(design.shape[1] for design in designs)
        errors = tuple(np.zeros((len(design), p, C)) for design in designs)
        return cls(np.zeros((p, C)), errors, tuple(np.zeros(len(design), np.bool_) for design in designs))

    def add(self, weight: int, phi: FloatArray, errors: Sequence[FloatArray], rules: Sequence[Rule]) -> None:
        self.phi[...] += weight * phi
        for into, drawn, part, rule in zip(self.errors, self.drawn, errors, rules, strict=True):
            if rule.clusters is not None:
                pairs = (rule.clusters > 0).argmax(axis=0)
                into[pairs] += weight * part
                drawn[pairs] = True

    def drawn_errors(self) -> tuple[FloatArray, ...]:
        return tuple(errors[drawn] for errors, drawn in zip(self.errors, self.drawn, strict=True))
