"""Kernel SHAP on a list of coalitions: the grid's least squares with a single modality."""

from dataclasses import replace

import numpy as np

from batcher.estimators.arrays import BoolArray, FloatArray, row_of_size
from batcher.estimators.estimator import CoalitionEstimator
from batcher.estimators.explanation import Explanation
from batcher.estimators.least_squares import fit_additive


def kernelshap(values: FloatArray, coalitions: BoolArray) -> Explanation:
    """Kernel SHAP, post-stratified: the coalitions of a size share the Shapley kernel's mass of that size.

    So the sizes may have been drawn by any law, as long as coalitions are uniform within a size (Lundberg and
    Lee 2017; complement pairs, Covert and Lee 2021; sizes by leverage, Musco and Witter, arXiv 2410.01917).

    Args:
        values: float64 [M, C].
        coalitions: bool [M, p], none and all among them.

    Returns:
        phi, standard errors and diagnostics of `fit_additive`.

    Raises:
        ValueError: None or all is lacking.
    """
    if None in (row_of_size(coalitions, 0), row_of_size(coalitions, coalitions.shape[1])):
        raise ValueError(
            f"the design of shape {coalitions.shape} lacks the coalition of no player, or of every player: "
            "add it, efficiency needs the values of both"
        )
    absent = np.zeros((1, 0), dtype=np.bool_)
    explanation = fit_additive(values[:, None, None], (coalitions, absent, absent))
    return replace(explanation, errors=explanation.errors and explanation.errors[:1])


ESTIMATOR = CoalitionEstimator(run=lambda values, coalitions, _seed: kernelshap(values, coalitions))
