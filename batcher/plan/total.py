"""From the seconds of a sample to those of all, with an interval: the combined ratio estimate.

Cochran, Sampling Techniques (3rd edition, 1977), sections 6.11 and 5.4. With strata h of N_h clips of which n_h are
measured, y what a clip took, x what was predicted, and X the sum of x over all:

    R = sum of w y / sum of w x,  w = N_h / n_h          total = X R
    variance = sum over h of v_h,  v_h = N_h^2 (1 - n_h / N_h) / n_h  s_h^2,  s_h^2 that of y - R x within h

The interval is Student's, of Satterthwaite's degrees of freedom: (sum v_h)^2 / sum (v_h^2 / (n_h - 1)).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from batcher.plan.sample import FloatArray, Stratum

CONFIDENCE: Final = 0.95
"""Of every interval."""


@dataclass(frozen=True)
class Total:
    """Seconds of all clips, and the interval that holds them with `CONFIDENCE`."""

    seconds: float
    low: float
    high: float


def total_of(strata: Sequence[Stratum], predicted: FloatArray, measured: Mapping[int, float]) -> Total:
    """The seconds that all clips take.

    Args:
        strata: of the collection.
        predicted: predicted cost [N] of each clip, in any unit.
        measured: seconds of every clip that was drawn, by its index.
    """
    seconds = [np.array([measured[int(clip)] for clip in stratum.drawn]) for stratum in strata]
    ratio = _weighted(strata, seconds) / _weighted(strata, [predicted[stratum.drawn] for stratum in strata])
    total = ratio * float(predicted.sum())
    variances = np.array([_variance(s, y - ratio * predicted[s.drawn]) for s, y in zip(strata, seconds, strict=True)])
    half = _half_width(variances, np.array([len(stratum.drawn) for stratum in strata]))
    return Total(total, max(0.0, total - half), total + half)


def _weighted(strata: Sequence[Stratum], figures: Sequence[FloatArray]) -> float:
    """The estimate of a sum over all clips, from figures [n_h] of those drawn of each stratum."""
    return sum(stratum.weight * float(found.sum()) for stratum, found in zip(strata, figures, strict=True))


def _variance(stratum: Stratum, residuals: FloatArray) -> float:
    """What a stratum adds to the variance of the total, by the residuals [n_h] of the drawn."""
    N, n = len(stratum.clips), len(stratum.drawn)
    if n == N:
        return 0.0
    return N**2 * (1 - n / N) / n * float(residuals.var(ddof=1))


def _half_width(variances: FloatArray, drawn: NDArray[np.intp]) -> float:
    """Half the interval, from what each stratum adds to the variance and how many clips were drawn of it."""
    variance = float(variances.sum())
    if variance == 0:
        return 0.0
    open_ = variances > 0
    freedom = variance**2 / float((variances[open_] ** 2 / (drawn[open_] - 1)).sum())
    return float(student.ppf((1 + CONFIDENCE) / 2, freedom)) * math.sqrt(variance)
