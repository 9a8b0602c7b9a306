"""How many sub-masks each modality gets where nobody says: as many as are worth their work."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batcher.designs import fewest_masks, mask_budget
from batcher.designs.budget import RELIABLE_MASKS_PER_PLAYER
from batcher.effort import pass_effort
from batcher.maskable import Divided
from export.work import Work
from media.modality import Modality

STEP: Final = 16
"""Masks are planned in multiples of it: clips of like lengths share their designs, which take long to draw."""
MOST: Final = 2
"""Times as many as `auto` alone gives, at most."""


def planned_masks(
    players: Mapping[Modality, int], clip: Mapping[Modality, Divided], work: Work, *, max_masks: int
) -> dict[Modality, int]:
    """The least work that is expected to give the error of `mask_budget`'s `auto`, the same for every modality.

    A modality's part of the squared error falls as 1 / K^2 with its K masks (`docs/estimator.md`), in proportion to
    that of its n players; where K are a good part of all 2^n there is less to miss. So it is taken for
    (n / K)^2 (1 - K / 2^n). A modality whose passes are dear gets fewer masks than one whose passes are cheap. The
    work is counted, not timed: the plan is the same on every machine.

    Args:
        players: n of each modality that is present.
        clip: these modalities.
        work: of the model's graphs.
        max_masks: the most of any.

    Returns:
        K of each modality that is present.
    """
    usual = {m: mask_budget(n, masks="auto", max_masks=max_masks) for m, n in players.items()}
    choices = {m: _choices(n, usual[m], max_masks) for m, n in players.items()}
    axes = dict(zip(players, np.meshgrid(*choices.values(), indexing="ij"), strict=True))
    error = sum(_error(n, axes[m]) for m, n in players.items())
    allowed = sum(float(_error(n, np.array(usual[m]))) for m, n in players.items())
    total = np.where(error <= allowed * (1 + 1e-9), _work(axes, clip, work), np.inf)
    best = np.unravel_index(int(np.argmin(total)), total.shape)
    return {m: int(axis[best]) for m, axis in axes.items()}


def _choices(n: int, usual: int, max_masks: int) -> NDArray[np.int64]:
    """Numbers of masks to choose from; the usual one is always among them."""
    fewest = max(fewest_masks(n), RELIABLE_MASKS_PER_PLAYER * n)
    most = min(MOST * usual, 1 << n, max_masks)
    steps = np.arange(-(-fewest // STEP) * STEP, most + 1, STEP)
    every = [1 << n] if most == 1 << n else []
    return np.unique([*steps, *every, usual])


def _error(n: int, K: NDArray[np.int64]) -> NDArray[np.float64]:
    """The part in the squared error, up to a factor."""
    error: NDArray[np.float64] = (n / K) ** 2 * (1 - np.ldexp(K.astype(np.float64), -n))
    return error


def _work(
    masks: Mapping[Modality, NDArray[np.int64]], clip: Mapping[Modality, Divided], work: Work
) -> NDArray[np.float64]:
    """Floating-point operations, but for what no choice changes."""
    counts = [K.astype(np.float64) for K in masks.values()]
    passes = sum(pass_effort(work, m, clip[m]).each * K for m, K in masks.items())
    every = sum(counts)
    pairs = (every**2 - sum(K**2 for K in counts)) / 2  # sum of K_x K_y over the pairs
    total: NDArray[np.float64] = passes + work.pair * pairs + work.point * np.prod(np.stack(counts), axis=0)
    return total
