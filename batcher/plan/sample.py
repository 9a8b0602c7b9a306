"""Which clips are measured: a few of each stratum, all strata of about the same cost in total.

So what costs most is looked at most: a tenth of MELD's test split makes a third of its cost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

PER_STRATUM: Final = 4
FIXED: Final = 0.3
"""Of the mean predicted cost: what any clip may take besides. Without it the shortest half of a collection would be one
stratum, and what a prediction misses of the shortest would hang on four of them."""


@dataclass(frozen=True, eq=False)
class Stratum:
    """Clips that should cost alike, and those of them that are measured."""

    clips: NDArray[np.intp]
    """Indices of its N_h clips."""
    drawn: NDArray[np.intp]
    """Indices of n_h of them, at random and none twice."""

    @property
    def weight(self) -> float:
        """N_h / n_h: how many clips each drawn one stands for."""
        return len(self.clips) / len(self.drawn)


def draw_strata(predicted: FloatArray, clips: int, seed: int) -> list[Stratum]:
    """Divide a collection into strata, and draw from each.

    Args:
        predicted: predicted cost [N] of each clip, above 0.
        clips: at least 2; fewer are drawn where a stratum has fewer.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    number = max(1, clips // PER_STRATUM)
    shares = [len(part) for part in np.array_split(np.arange(clips), number)]
    return [
        Stratum(members, rng.choice(members, min(share, len(members)), replace=False))
        for members, share in zip(_strata(predicted, number), shares, strict=True)
        if len(members)
    ]


def _strata(predicted: FloatArray, number: int) -> Iterator[NDArray[np.intp]]:
    """Clips in the order of their cost, cut where their sum passes equal parts of the whole; some may be empty."""
    order = np.argsort(predicted, kind="stable")
    costs = predicted[order] + FIXED * predicted.mean()
    ends = np.cumsum(costs)
    middles = ends - costs / 2
    stratum = (middles / ends[-1] * number).astype(np.intp)
    return (order[stratum == h] for h in range(number))


def deal(predicted: FloatArray, clips: Sequence[int], workers: int, seed: int) -> list[list[int]]:
    """Deal clips out to workers that are to end together, so that all of it is measured side by side.

    Args:
        predicted: predicted cost [N] of each clip.
        clips: indices of those to deal out.
        workers: how many; no more than clips.
        seed: of the order of each worker's clips: were they sorted, a machine that slows down would slow small ones.
    """
    parts: list[list[int]] = [[] for _ in range(workers)]
    for clip in sorted(clips, key=lambda clip: -predicted[clip]):
        min(parts, key=lambda part: float(predicted[part].sum())).append(clip)
    rng = np.random.default_rng(seed)
    return [rng.permutation(part).tolist() for part in parts]
