"""Which masks and points of the grid a clip is explained by, where nobody says: as many as are worth their work."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batcher.designs import fewest_masks, mask_budget, sparse_grid
from batcher.designs.budget import RELIABLE_MASKS_PER_PLAYER
from batcher.effort import grid_effort
from batcher.estimators import SparseGrid, takes_sparse_grid
from batcher.grid.maskable import Divided
from batcher.options import Options
from export.work import Work
from media.modality import MODALITIES, Modality

STEP: Final = 16
"""Masks are planned in multiples of it: clips of like lengths share their designs, which take long to draw."""
LEAST: Final = 0.75
MOST: Final = 2
"""Times as many masks as `mask_budget` gives. No fewer, since nobody knows beforehand which modality decides: a voice
that does is explained far worse by half of its masks than by all."""
PART: Final = 0.2
"""Of the grid's points, at most, where a part of it is planned."""
PART_ERROR: Final = 1.5
"""Squared error from such a part, over that from the whole grid of the same masks: 1.2 at 64 masks, 1.5 at 128, in the
geometric mean of the games of `bench.calibration`."""


@dataclass(frozen=True)
class Plan:
    """Sub-masks of each modality that a clip has, and what of their grid is evaluated."""

    masks: Mapping[Modality, int]
    part: SparseGrid | None = None
    """None: all of it."""

    @property
    def points(self) -> int:
        """Of the grid, that are evaluated."""
        return self.part.points if self.part else math.prod(self.masks.values())


def plan(players: Mapping[Modality, int], clip: Mapping[Modality, Divided], options: Options, work: Work) -> Plan:
    """The masks and points that the options name, or where they leave the choice those that take the least work.

    Of those, that is, that are expected to give the error of `mask_budget`'s `auto` with its whole grid. A modality's
    part of the squared error falls as 1 / K^2 with its K masks (`docs/estimator.md`), in proportion to that of its n
    players; where K are a good part of all 2^n there is less to miss. So it is taken for (n / K)^2 (1 - K / 2^n). A
    modality whose passes are dear gets fewer masks, unless it has all, and where the head would take most of the work
    it sees a part of the grid. That law is the interpolations': other estimators get `mask_budget`'s masks. Work is
    counted, not timed: the plan is the same on every machine.

    Args:
        players: n of each modality that the clip has.
        clip: these modalities.
        options: say how much is left to choose.
        work: of the model's graphs.
    """
    if options.masks != "auto" or not isinstance(options.grid_points, str) or not takes_sparse_grid(options.estimator):
        masks = {m: mask_budget(n, masks=options.masks, max_masks=options.max_masks) for m, n in players.items()}
        return Plan(masks) if isinstance(options.grid_points, str) else _part(masks, options.grid_points)
    cheapest = partial(_cheapest, players, clip, work, options.max_masks)
    whole = Plan(cheapest(1.0, 1.0) or {})  # the usual masks are enough
    fewer = cheapest(PART, PART_ERROR)
    if options.grid_points == "all" or fewer is None:
        return whole
    parted = _part(fewer, int(PART * math.prod(fewer.values())))
    return min((whole, parted), key=lambda found: float(grid_effort(work, clip, found.masks, found.points)))


def _part(masks: Mapping[Modality, int], points: int) -> Plan:
    text, audio, video = (masks.get(m, 1) for m in MODALITIES)
    part = sparse_grid((text, audio, video), points)
    return Plan(masks, None if part.whole else part)


def _cheapest(
    players: Mapping[Modality, int],
    clip: Mapping[Modality, Divided],
    work: Work,
    most: int,
    part: float,
    error: float,
) -> dict[Modality, int] | None:
    """The masks that take the least work where so much of their grid is evaluated, and multiplies the squared error.

    None: no masks that are allowed are enough.
    """
    usual = {m: mask_budget(n, masks="auto", max_masks=most) for m, n in players.items()}
    choices = [_choices(n, usual[m], most) for m, n in players.items()]
    masks = dict(zip(players, np.meshgrid(*choices, indexing="ij"), strict=True))
    allowed = sum(float(_error(n, np.array(usual[m]))) for m, n in players.items())
    expected = error * sum(_error(n, masks[m]) for m, n in players.items())
    points = part * np.prod(np.stack([*masks.values()]).astype(np.float64), axis=0)
    total = grid_effort(work, clip, masks, points)
    enough = np.asarray(expected <= allowed * (1 + 1e-9))
    best = np.argmin(np.where(enough, total, np.inf))
    return {m: int(axis.flat[best]) for m, axis in masks.items()} if enough.any() else None


def _choices(n: int, usual: int, max_masks: int) -> NDArray[np.int64]:
    """Numbers of masks to choose from. The usual one is always among them, and alone where it is all there are."""
    if usual == 1 << n:
        return np.array([usual])
    fewest, most = max(LEAST * usual, fewest_masks(n), RELIABLE_MASKS_PER_PLAYER * n), min(MOST * usual, max_masks)
    steps = np.arange(-(-int(fewest) // STEP) * STEP, most + 1, STEP)
    every = [1 << n] if 1 << n <= most else []
    return np.unique([*steps[steps < 1 << n], *every, usual]).astype(np.int64)


def _error(n: int, K: NDArray[np.int64]) -> NDArray[np.float64]:
    """The part in the squared error, up to a factor."""
    error: NDArray[np.float64] = (n / K) ** 2 * (1 - np.ldexp(K.astype(np.float64), -n))
    return error
