"""From the values of coalitions to Shapley values: pure functions over arrays, one estimator per file."""

import numpy as np
import numpy.typing as npt

from batcher.estimators.arrays import (
    BoolArray,
    GridDesigns,
    check_coalitions,
    check_designs,
    check_grid,
    flatten_grid,
)
from batcher.estimators.estimator import CoalitionEstimator, Estimator, GridEstimator
from batcher.estimators.explanation import Explanation
from batcher.estimators.registry import (
    DEFAULT,
    design_kind,
    estimator_names,
    find_estimator,
    takes_grid,
    takes_sparse_grid,
)
from batcher.estimators.sparse_grid import SparseGrid, SparseValues

__all__ = [
    "DEFAULT",
    "CoalitionEstimator",
    "Explanation",
    "GridEstimator",
    "SparseGrid",
    "SparseValues",
    "design_kind",
    "estimate",
    "estimator_names",
    "flatten_grid",
    "takes_grid",
    "takes_sparse_grid",
]


def estimate(
    values: npt.ArrayLike | SparseValues,
    designs: BoolArray | GridDesigns,
    *,
    estimator: str = DEFAULT,
    seed: int = 0,
) -> Explanation:
    """Estimate the Shapley values of every player from the values of coalitions.

    Grid estimators take the values of a product grid and three designs; the others a list of coalitions
    (`exact` also takes a grid). A design is True where a player is kept.

    Args:
        values: Finite reals [K_T, K_A, K_V, C] or [M, C]: of each class, a value of each coalition. Or the
            `SparseValues` of a part of a grid.
        designs: A tuple of bool [K_T, n_T], [K_A, n_A], [K_V, n_V] (n = 0 and K = 1 for an absent modality),
            or one bool [M, p].
        estimator: One of `estimator_names`.
        seed: For estimators that draw; the others ignore it.

    Returns:
        phi, float64 [p, C], players ordered text, audio, video, with standard errors where the estimator
        gives any, and its diagnostics.

    Raises:
        ValueError: The estimator is unknown, it can't take these designs, or shapes don't fit.
        TypeError: A registered estimator isn't one.
    """
    found = find_estimator(estimator)
    classes = values.classes if isinstance(values, SparseValues) else np.shape(values)[-1]
    if isinstance(values, SparseValues):
        explanation, players = _run_sparse(found, estimator, values, designs, seed)
    elif isinstance(found, GridEstimator):
        explanation, players = _run_grid(found, estimator, values, designs, seed)
    else:
        explanation, players = _run_coalitions(found, estimator, values, designs, seed)
    sampled = len(designs) if isinstance(designs, tuple | list) else 1
    _check_returned(explanation, estimator, (players, classes), sampled)
    return explanation


def _check_returned(explanation: Explanation, estimator: str, shape: tuple[int, int], designs: int) -> None:
    players, classes = shape
    if explanation.phi.shape != shape:
        raise ValueError(
            f"estimator {estimator!r} returned phi of shape {explanation.phi.shape} for {players} players and "
            f"{classes} classes: report it to its authors"
        )
    if not np.isfinite(explanation.phi).all():
        raise ValueError(f"estimator {estimator!r} returned phi that is NaN or infinite: report it to its authors")
    if explanation.errors and len(explanation.errors) != designs:
        raise ValueError(
            f"estimator {estimator!r} returned the errors of {len(explanation.errors)} designs, and there are "
            f"{designs}: report it to its authors"
        )


def _run_grid(
    found: GridEstimator, name: str, values: npt.ArrayLike, designs: BoolArray | GridDesigns, seed: int
) -> tuple[Explanation, int]:
    if not isinstance(designs, tuple | list):
        raise ValueError(  # noqa: TRY004 (one kind of error for all that is wrong with the arrays)
            f"estimator {name!r} takes a grid: give three designs, text, audio and video, not one "
            f"{type(designs).__name__}; for a list of coalitions use 'kernelshap'"
        )
    grid, checked = check_grid(values, designs)
    return found.run(grid, checked, seed), sum(design.shape[1] for design in checked)


def _run_sparse(
    found: Estimator, name: str, values: SparseValues, designs: BoolArray | GridDesigns, seed: int
) -> tuple[Explanation, int]:
    if not isinstance(found, GridEstimator) or found.run_sparse is None:
        raise ValueError(f"estimator {name!r} takes no part of a grid: use {DEFAULT!r}, or evaluate all of its points")
    checked = check_designs(designs)
    return found.run_sparse(values, checked, seed), sum(design.shape[1] for design in checked)


def _run_coalitions(
    found: CoalitionEstimator, name: str, values: npt.ArrayLike, designs: BoolArray | GridDesigns, seed: int
) -> tuple[Explanation, int]:
    if not isinstance(designs, tuple | list):
        array, coalitions = check_coalitions(values, designs)
    elif found.accepts_grid:
        array, coalitions = flatten_grid(*check_grid(values, designs))
    else:
        raise ValueError(
            f"estimator {name!r} takes a list of coalitions, not a grid of {len(designs)} designs (a product "
            "grid isn't a uniform sample of each joint size): use 'grid-kernelshap', or give one bool [M, p]"
        )
    return found.run(array, coalitions, seed), coalitions.shape[1]
