"""What further sub-masks of a clip take, in floating-point operations."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from batcher.maskable import Divided
from batcher.pictures import new_pictures
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
