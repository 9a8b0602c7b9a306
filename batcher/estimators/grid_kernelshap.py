"""Kernel SHAP with a product grid as its design points."""

from batcher.estimators.arrays import FloatArray, GridDesigns
from batcher.estimators.estimator import GridEstimator
from batcher.estimators.explanation import Explanation
from batcher.estimators.least_squares import fit_additive


def grid_kernelshap(values: FloatArray, designs: GridDesigns) -> Explanation:
    """Kernel SHAP on every combination of the modalities' masks, weighted to the joint Shapley kernel.

    Exact where all designs are enumerations, and on additive games where the masks span. An absent modality
    has n = 0 and K = 1.

    Args:
        values: float64 [K_T, K_A, K_V, C].
        designs: bool [K_m, n_m] of text, audio and video, none and all in each.

    Returns:
        phi, standard errors and diagnostics of `fit_additive`.

    Raises:
        ValueError: A design lacks none or all.
    """
    return fit_additive(values, designs)


ESTIMATOR = GridEstimator(run=lambda values, designs, _seed: grid_kernelshap(values, designs))
