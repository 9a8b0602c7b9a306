"""Masks to train with: a clip whose trigger is hidden is a neutral clip.

A model that has only seen whole clips answers masked ones as it likes. Coalitions are masked clips, so what a
coalition is worth would be an accident. See `docs/training.md`.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

WHOLE_SHARE: Final = 0.4
"""Of the draws that mask nothing."""


def draw_keep(rng: np.random.Generator, trigger: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Draw which players are kept: all, or a random share of them, and the trigger's together or not at all.

    Args:
        rng: the source.
        trigger: bool [n], the players that touch the trigger.

    Returns:
        bool [n].
    """
    if rng.random() < WHOLE_SHARE:
        return np.ones(len(trigger), dtype=bool)
    keep: NDArray[np.bool_] = rng.random(len(trigger)) < rng.random()
    keep[trigger] = rng.random() < 0.5  # noqa: PLR2004  # a coin
    return keep


def kept(keep: NDArray[np.bool_], trigger: NDArray[np.bool_]) -> bool:
    """Whether there is a trigger and it is kept."""
    return bool(trigger.any() and keep[trigger].all())
