"""What an estimator is: one of two kinds, by what it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from batcher.estimators.arrays import BoolArray, FloatArray, GridDesigns
from batcher.estimators.explanation import Explanation
from batcher.estimators.sparse_grid import SparseValues

DesignKind = Literal["pairs", "chains"]


@dataclass(frozen=True)
class GridEstimator:
    """Takes a product grid of the three modalities' masks."""

    run: Callable[[FloatArray, GridDesigns, int], Explanation]
    """(values float64 [K_T, K_A, K_V, C], three designs bool [K_m, n_m], seed) -> Explanation."""

    design: DesignKind = "pairs"
    """What its designs are made of: complement pairs, or chains of masks that grow by one player."""

    run_sparse: Callable[[SparseValues, GridDesigns, int], Explanation] | None = None
    """The same of a part of a grid (`SparseGrid`); None: it takes whole grids only."""


@dataclass(frozen=True)
class CoalitionEstimator:
    """Takes a list of coalitions of all players."""

    run: Callable[[FloatArray, BoolArray, int], Explanation]
    """(values float64 [M, C], coalitions bool [M, p], seed) -> Explanation."""

    accepts_grid: bool = False
    """Whether a grid, flattened, is a list of coalitions like any other to it.

    Mostly not: the coalitions of a product grid aren't a uniform sample of each joint size.
    """


Estimator = GridEstimator | CoalitionEstimator
