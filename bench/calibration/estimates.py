"""Estimates of one game over many seeds, beside the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from batcher.designs import sparse_grid
from batcher.estimators import Explanation, SparseGrid, estimate
from batcher.shares import Shares, shares_of
from bench.accuracy.measured import draw_designs, draw_part
from bench.grid_game import FloatArray, GridGame

Z: Final = 1.96
"""Of a normal, 95 % lie within so many standard deviations."""
ROUNDING: Final = 1e-9
"""Of the largest |phi|: what no estimate is asked to know better."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """S estimates of p players' phi and of M modalities' shares; NaN where an estimator gave no errors."""

    truth: FloatArray
    """Exact phi, [p]."""
    true_shares: FloatArray
    """[M]."""
    phi: FloatArray
    """[S, p]."""
    se: FloatArray
    """[S, p]."""
    shares: Sequence[Shares]
    """S of them."""

    @property
    def errors(self) -> FloatArray:
        """Of phi, [S, p]."""
        found: FloatArray = self.phi - self.truth
        return found

    @property
    def plain(self) -> FloatArray:
        """Shares as they are, [S, M]."""
        return np.array([shares.plain for shares in self.shares])

    @property
    def corrected(self) -> FloatArray:
        """Shares corrected for noise, [S, M]."""
        return np.array([shares.corrected for shares in self.shares])

    @property
    def sure(self) -> bool:
        """Whether every estimate has standard errors."""
        return not bool(np.isnan(self.se).any())

    def covered(self) -> FloatArray:
        """How often phi +- 1.96 se held the truth, [players]: those that masks leave in doubt."""
        rounding = ROUNDING * np.abs(self.truth).max()
        doubtful = (np.abs(self.errors) > rounding).any(axis=0) | (self.se > rounding).any(axis=0)
        within: FloatArray = (np.abs(self.errors) <= Z * self.se).mean(axis=0)[doubtful]
        return within

    def shares_covered(self) -> FloatArray:
        """How often the interval of a share held the truth, [M]."""
        low, high = (np.array([getattr(shares, end) for shares in self.shares]) for end in ("low", "high"))
        within: FloatArray = ((low - ROUNDING <= self.true_shares) & (self.true_shares <= high + ROUNDING)).mean(axis=0)
        return within

    def half_width(self) -> float:
        """Of the intervals of shares, in the mean."""
        return float(np.mean([shares.high - shares.low for shares in self.shares])) / 2

    def noise(self) -> float:
        """E[phi error] / E[error^2]: 0 where noise is added to phi, -1 where the estimate is a posterior mean.

        An unbiased error is uncorrelated with what it is an error of; that of a posterior mean with the estimate.
        """
        return float((self.truth * self.errors).sum() / np.square(self.errors).sum())


def estimate_often(game: GridGame, estimator: str, K: int, seeds: int, *, part: float = 1.0) -> Estimates:
    """Estimate a game from so many grids.

    Args:
        game: with its exact values.
        estimator: its name.
        K: sub-masks of each modality, or all where 2^n <= K.
        seeds: S.
        part: of the grid's points, at most, that are evaluated; as `sparse_grid`.

    Raises:
        ValueError: not all points are, and the estimator takes no part of a grid.
    """
    grid = _part_of_grid(game.n, K, part)
    groups = np.repeat(np.arange(len(game.n)), game.n)
    phi, se, shares = np.empty((seeds, game.p)), np.full((seeds, game.p), np.nan), []
    for seed in range(seeds):
        found = _estimate_once(game, estimator, grid, seed)
        phi[seed] = found.phi[:, 0]
        if found.se is not None:
            se[seed] = found.se[:, 0]
        shares.append(shares_of(found, groups, 0, seed))
    return Estimates(game.phi, np.array(list(game.shares().values())), phi, se, shares)


def _part_of_grid(n: tuple[int, int, int], K: int, part: float) -> SparseGrid:
    text, audio, video = (min(K, 1 << players) for players in n)
    return sparse_grid((text, audio, video), int(part * text * audio * video))


def _estimate_once(game: GridGame, estimator: str, grid: SparseGrid, seed: int) -> Explanation:
    if grid.whole:
        designs = draw_designs(estimator, game.n, max(grid.masks), seed)
        return estimate(game.grid(designs)[..., None], designs, estimator=estimator, seed=seed)
    designs = draw_part(game.n, grid, seed)
    return estimate(game.part(grid, designs), designs, estimator=estimator, seed=seed)
