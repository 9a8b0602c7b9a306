"""Accuracy on planted clips, by what carries their emotion."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sseft.training.planted.examples import PlantedSource


@dataclass(frozen=True)
class Accuracy:
    """How many of a group of clips are predicted right."""

    group: str
    """What carries the emotion in them."""
    clips: int
    right: int


def accuracies(predicted: NDArray[np.int64], clips: Sequence[PlantedSource]) -> tuple[Accuracy, ...]:
    """Accuracy over all clips, and by what carries their emotion.

    Args:
        predicted: int64 [clips], indices of labels.
        clips: what they are of.
    """
    right = predicted == np.array([clip.label for clip in clips])
    groups: dict[str, list[bool]] = {"all": right.tolist()}
    for clip, is_right in sorted(zip(clips, right.tolist(), strict=True), key=lambda one: one[0].trigger.order):
        groups.setdefault(clip.trigger.carried_by, []).append(is_right)
    return tuple(Accuracy(name, len(group), sum(group)) for name, group in groups.items())
