"""MM-SHAP's setting (Parcalabescu and Frank 2023): one antithetic permutation, 2 p + 1 evaluations for p players.

`shap.PermutationExplainer` with `max_evals=2 * p + 1` walks the same way.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.curves import BoolArray, deletion_masks, insertion_masks

FloatArray = NDArray[np.float64]

SetFunction = Callable[[NDArray[Any]], FloatArray]
"""Values [M] of coalitions [M, p]."""


def antithetic_walk(order: NDArray[np.intp]) -> BoolArray:
    """Coalitions [2 p + 1, p]: from none to all in an order [p], then on to none by leaving in the same order."""
    return np.concatenate([insertion_masks(order), deletion_masks(order)[1:]])


def permutation_values(value: SetFunction, order: NDArray[np.intp]) -> FloatArray:
    """Estimates [p] of the Shapley values from one permutation and its reverse.

    Args:
        value: of coalitions.
        order: the permutation, int [p].
    """
    change = np.diff(value(antithetic_walk(order)))
    come, leave = np.split(change, 2)
    phi: FloatArray = (come - leave)[np.argsort(order)] / 2
    return phi
