"""Intervals of what was measured on some clips: Wilson's of a rate, the bootstrap's of a mean."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import Final

import numpy as np

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 2000


@dataclass(frozen=True)
class Interval:
    """A mean over clips and the interval that holds it with `CONFIDENCE`."""

    mean: float
    low: float
    high: float

    def __format__(self, form: str) -> str:
        return f"{self.mean:{form}} ({self.low:{form}} to {self.high:{form}})"


def wilson(hits: float, of: int) -> tuple[float, float]:
    """Wilson's interval of a rate, without correction for continuity."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    rate = hits / of
    centre = rate + z**2 / (2 * of)
    half = z * math.sqrt(rate * (1 - rate) / of + (z / (2 * of)) ** 2)
    scale = 1 + z**2 / of
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def rate(hits: Sequence[float]) -> Interval:
    """A rate with Wilson's interval."""
    return Interval(fmean(hits), *wilson(sum(hits), len(hits)))


def bootstrap(values: Sequence[float], *, seed: int = 0) -> Interval:
    """A mean with the percentiles of the means of resamples; without width where all values are alike."""
    drawn = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values)))
    low, high = np.quantile(drawn.mean(axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(fmean(values), float(low), float(high))
