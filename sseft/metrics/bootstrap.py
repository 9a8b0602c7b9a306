"""How far a figure may be from what other segments would give."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sseft.metrics.classes import ClassFigures

DRAWS: Final = 2000
CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure, and 95 % of what resampled segments give."""

    value: float
    low: float
    high: float


def bootstrapped(
    figures: ClassFigures, figure: Callable[[ClassFigures], float], *, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """The percentile bootstrap of a figure of a confusion (Efron and Tibshirani 1993, section 13.3).

    A resample of S segments has a multinomial confusion, so no segment is touched.

    Args:
        figures: the confusion, of S segments.
        figure: what is asked of it; resamples that have none (NaN) are left out.
        draws: resamples.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    cells = figures.confusion.ravel()
    drawn = rng.multinomial(cells.sum(), cells / cells.sum(), size=draws)
    shape = figures.confusion.shape
    found: NDArray[np.float64] = np.array([figure(ClassFigures(figures.labels, one.reshape(shape))) for one in drawn])
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(found, [tail, 1 - tail])
    return Interval(figure(figures), float(low), float(high))
