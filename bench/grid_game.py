"""A game of three modalities whose every coalition has a known value."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from batcher.estimators import SparseGrid, SparseValues
from media.modality import MODALITIES, Modality

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Designs = tuple[BoolArray, BoolArray, BoolArray]

_OTHERS: Final = ((1, 2), (0, 2), (0, 1))


@dataclass(frozen=True, eq=False)
class GridGame:
    """The game of p players, in the order text, audio, video."""

    values: FloatArray
    """[2^n_T, 2^n_A, 2^n_V]; bit i of a row says whether it keeps player i."""

    @cached_property
    def n(self) -> tuple[int, int, int]:
        """Players of text, audio and video."""
        text, audio, video = (K.bit_length() - 1 for K in self.values.shape)
        return text, audio, video

    @property
    def p(self) -> int:
        """Players."""
        return sum(self.n)

    def split(self, coalitions: NDArray[Any]) -> dict[Modality, BoolArray]:
        """Sub-masks bool [M, n_m] of coalitions [M, p]."""
        return split_by_modality(coalitions, self.n)

    def look_up(self, coalitions: NDArray[Any]) -> FloatArray:
        """Values [M] of coalitions [M, p] or of one [p], from the enumeration."""
        found: FloatArray = self.values[self.rows(np.atleast_2d(coalitions))]
        return found

    def rows(self, coalitions: NDArray[Any]) -> tuple[NDArray[np.int64], ...]:
        """Where coalitions [M, p] stand in `values`: int64 [M] for each modality."""
        return tuple(mask_codes(part) for part in self.split(coalitions).values())

    def grid(self, designs: Designs) -> FloatArray:
        """Values [K_T, K_A, K_V] of all combinations of sub-masks bool [K_m, n_m]."""
        found: FloatArray = self.values[np.ix_(*map(mask_codes, designs))]
        return found

    def part(self, part: SparseGrid, designs: Designs) -> SparseValues:
        """Values of a part of the grid of sub-masks bool [K_m, n_m], as of one class."""
        text, audio, video = designs
        cells = [self.grid((text[i], audio[j], video[k])) for i, j, k in part.cells]
        return SparseValues(part, tuple(values[..., None] for values in cells))

    @cached_property
    def phi(self) -> FloatArray:
        """Exact Shapley values [p] (Shapley 1953), summed over every coalition by no estimator of the project.

        phi_i = sum over S without i of |S|! (p - |S| - 1)! / p! (v(S and i) - v(S)): to the players of a modality,
        the others matter by the sizes of their sub-masks alone.
        """
        return np.concatenate([self._phi_of(modality) for modality in range(len(self.n))])

    def shares(self) -> dict[Modality, float]:
        """Each modality's part of the sum of |phi|."""
        parts = np.split(np.abs(self.phi), np.cumsum(self.n)[:-1])
        return {m: float(part.sum() / np.abs(self.phi).sum()) for m, part in zip(MODALITIES, parts, strict=True)}

    def _phi_of(self, modality: int) -> FloatArray:
        n, (b, c) = self.n[modality], _OTHERS[modality]
        v = self._summed_by_size(modality)
        size = np.bitwise_count(np.arange(1 << n))[:, None, None]
        others = np.arange(self.n[b] + 1)[:, None] + np.arange(self.n[c] + 1)
        phi = np.empty(n)
        for i in range(n):
            without, with_i = (v.reshape(-1, 2, 1 << i, *others.shape)[:, side] for side in (0, 1))
            s = size.reshape(-1, 2, 1 << i, 1, 1)[:, 0] + others
            phi[i] = ((with_i - without) / (self.p * comb(self.p - 1, s))).sum()
        return phi

    def _summed_by_size(self, modality: int) -> FloatArray:
        """[2^n, n_b + 1, n_c + 1]: sums over the other modalities' sub-masks of each size."""
        b, c = _OTHERS[modality]
        by_size = [_size_indicator(n) for n in self.n]
        grid = np.moveaxis(self.values, modality, 0)
        summed: FloatArray = np.einsum("jlb,lc->jbc", np.einsum("jkl,kb->jlb", grid, by_size[b]), by_size[c])
        return summed


def split_by_modality(coalitions: NDArray[Any], n: tuple[int, int, int]) -> dict[Modality, BoolArray]:
    """Sub-masks bool [M, n_m] of coalitions [M, p] of n players of text, audio and video."""
    parts = np.split(np.asarray(coalitions) > 0, np.cumsum(n)[:-1], axis=1)
    return dict(zip(MODALITIES, parts, strict=True))


def mask_codes(masks: BoolArray) -> NDArray[np.int64]:
    """The numbers int64 [M] whose bits are masks [M, n]."""
    codes: NDArray[np.int64] = np.asarray(masks, np.int64) @ (1 << np.arange(masks.shape[1]))
    return codes


def _size_indicator(n: int) -> FloatArray:
    """[2^n, n + 1]: 1 where a sub-mask keeps so many players."""
    size = np.bitwise_count(np.arange(1 << n))
    return np.asarray(size[:, None] == np.arange(n + 1), np.float64)
