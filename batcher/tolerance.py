"""Masks as they are needed: which modality gets more of them next."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from batcher.designs import mask_budget, reliable
from batcher.designs.budget import RELIABLE_MASKS_PER_PLAYER
from batcher.effort import Effort
from media.modality import Modality

FEWEST_PILOT_MASKS: Final = 32
GROWTH: Final = 1.5
"""Masks after a step over those before it."""


@dataclass(frozen=True)
class Growth:
    """A step: a modality, and how many masks it has after it."""

    modality: Modality
    masks: int


def pilot_masks(n: int, *, masks: int | Literal["auto"], max_masks: int) -> int:
    """Masks of a modality of n players to begin with: so many that standard errors can be trusted, where allowed.

    Raises:
        ValueError: as `mask_budget`.
    """
    pilot = max(FEWEST_PILOT_MASKS, RELIABLE_MASKS_PER_PLAYER * n)
    return mask_budget(n, masks=pilot if masks == "auto" else masks, max_masks=max_masks)


def towards_reliable(
    *, players: Mapping[Modality, int], masks: Mapping[Modality, int], max_masks: int
) -> Growth | None:
    """The step to masks whose errors can be trusted, of a modality that has too few for that.

    Args:
        players: of each modality that is present.
        masks: K of each.
        max_masks: the most of any.

    Returns:
        The step; None where every modality has enough, or one can never have.
    """
    if not all(reliable(n, _most(n, max_masks)) for n in players.values()):
        return None
    short = (m for m, n in players.items() if not reliable(n, masks[m]))
    return next((Growth(m, _grown(masks[m], players[m], max_masks)) for m in short), None)


def neediest(
    *,
    variances: Mapping[Modality, float],
    players: Mapping[Modality, int],
    masks: Mapping[Modality, int],
    efforts: Mapping[Modality, Effort],
    max_masks: int,
    target: float,
) -> Growth | None:
    """The step that takes most variance off a share for its work.

    A modality's part V in the variance falls as 1 / K^2 with its masks K (`docs/estimator.md`), so going to K' takes
    off V (1 - (K / K')^2). No step is worth it where modalities that have all they may bring more than the target.

    Args:
        variances: of the share, the part that each modality's masks bring.
        players: of each modality that is present.
        masks: K of each.
        efforts: what more of each take.
        max_masks: the most of any.
        target: the variance to come down to.

    Returns:
        The step; None where no modality can grow and would gain by it, or the target is out of reach.
    """
    if sum(variances[m] for m, n in players.items() if masks[m] == _most(n, max_masks)) > target:
        return None
    steps = [
        Growth(m, K)
        for m, n in players.items()
        if (K := _grown(masks[m], n, max_masks)) > masks[m] and variances[m] > 0
    ]

    def gain_for_work(step: Growth) -> float:
        before = masks[step.modality]
        gain = variances[step.modality] * (1 - (before / step.masks) ** 2)
        return gain / efforts[step.modality].of(step.masks - before)

    return max(steps, key=gain_for_work, default=None)


def _grown(K: int, n: int, max_masks: int) -> int:
    """Masks after a step from K, of n players: even, no more than there are or are allowed."""
    return min(2 * math.ceil(GROWTH * K / 2), _most(n, max_masks))


def _most(n: int, max_masks: int) -> int:
    """Masks of n players that there are and that are allowed."""
    return min(1 << n, max_masks - max_masks % 2)
