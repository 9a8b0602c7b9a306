"""What sub-masks of a clip take, in floating-point operations."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batcher.grid.maskable import Divided
from batcher.grid.pictures import new_pictures
from export.work import Work
from media.modality import Modality


@dataclass(frozen=True)
class Effort:
    """Of appending sub-masks to a modality."""

    start: float
    """However many they are."""
    each: float
    """For each of them."""

    def of(self, masks: int) -> float:
        """For so many sub-masks."""
        return self.start + self.each * masks


def effort(work: Work, modality: Modality, divided: Divided, masks: Mapping[Modality, int]) -> Effort:
    """The effort of more sub-masks of a modality: their passes, their pairs, and their slabs of the grid.

    Args:
        work: of the model's graphs.
        modality: that gets them.
        divided: the modality in this clip.
        masks: sub-masks so far of every modality that the model uses, 1 of those that the clip lacks.
    """
    others = [K for m, K in masks.items() if m != modality]
    passes = pass_effort(work, modality, divided, masks.get(modality, 0))
    return Effort(passes.start, passes.each + work.pair * sum(others) + work.point * math.prod(others))


def pass_effort(work: Work, modality: Modality, divided: Divided, masks: int = 0) -> Effort:
    """The effort of a modality's encoder alone, where it has so many sub-masks already."""
    length = len(divided.clip)
    if modality == "text":
        return Effort(0.0, work.token * length)
    if modality == "audio":
        return Effort(0.0, work.sample * length)
    pictures = new_pictures(divided.player, masks)
    return Effort(work.table * length if pictures else 0.0, work.picture * pictures + work.frame * length)


def grid_effort(
    work: Work, clip: Mapping[Modality, Divided], masks: Mapping[Modality, Any], points: Any
) -> NDArray[np.float64]:
    """What a grid takes in all.

    Args:
        work: of the model's graphs.
        clip: the modalities that it has.
        masks: of each of these; or arrays of the same shape, of as many grids.
        points: that the head sees.
    """
    efforts = {m: pass_effort(work, m, divided) for m, divided in clip.items()}
    passes = sum(e.start + e.each * np.asarray(masks[m], np.float64) for m, e in efforts.items())
    pairs = sum(np.multiply(x, y, dtype=np.float64) for x, y in combinations(masks.values(), 2))
    total: NDArray[np.float64] = passes + work.pair * pairs + work.point * np.asarray(points, np.float64)
    return total
