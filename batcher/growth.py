"""Explaining a clip with more and more masks, until its shares are known well enough."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batcher.backends import Backend
from batcher.designs import draw_nested, reliable
from batcher.effort import effort
from batcher.explanation import SegmentExplanation, explanation_of, groups_of
from batcher.options import Options
from batcher.shares import share_variances
from batcher.task import Designs, Task
from batcher.tolerance import Growth, neediest, pilot_masks, towards_reliable
from media.modality import MODALITIES, Modality

POINTS: Final = 100
"""Of a share."""


def grow(task: Task, backend: Backend) -> Iterator[SegmentExplanation]:
    """Explain with more and more masks, until the shares are known well enough or no more are allowed."""
    options = task.options
    steps = {m: [pilot_masks(p.n, masks=options.masks, max_masks=options.max_masks)] for m, p in task.players.items()}
    growing = backend.grow(task.divided)
    designs: dict[Modality, NDArray[np.bool_]] = {}
    wanted: tuple[Modality, ...] = tuple(task.players)
    spent_s = 0.0
    while wanted:
        for m in wanted:
            known = len(designs.get(m, ()))
            designs[m] = draw_nested(task.players[m].n, tuple(steps[m]), task.seed(m))
            growing.extend(m, designs[m][known:])
        found = explanation_of(task, designs, growing.grid())
        spent_s += found.seconds["estimate"]
        precise = _precise(found, options)
        growth = None if precise else _next_growth(task, found, designs)
        yield replace(found, converged=found.converged and precise, seconds={**found.seconds, "estimate": spent_s})
        wanted = () if growth is None else (growth.modality,)
        if growth:
            steps[growth.modality].append(growth.masks)


def _precise(found: SegmentExplanation, options: Options) -> bool:
    """Whether the predicted class's shares are known to the tolerance, by intervals that can be trusted."""
    half_width = found.shares[found.explained.index(found.predicted)].half_width
    # Where every phi is 0 there are no shares, and no masks will bring any.
    return bool(found.reliable) and not POINTS * half_width > (options.tolerance or 0)


def _next_growth(task: Task, found: SegmentExplanation, designs: Designs) -> Growth | None:
    players, most = {m: p.n for m, p in task.players.items()}, task.options.max_masks
    sampled = {m: len(designs[m]) for m in task.players}
    if not all(reliable(n, sampled[m]) for m, n in players.items()):
        return towards_reliable(players=players, masks=sampled, max_masks=most)
    column = found.explained.index(found.predicted)
    shares = found.shares[column]
    if found.estimate.errors is None or np.isnan(shares.half_width):
        return None
    widest = int(np.argmax(shares.high - shares.low))
    variances = share_variances(found.estimate, groups_of(found.players, found.modalities), column)[:, widest]
    masks = {m: len(designs[m]) if m in designs else 1 for m in task.artefact.modalities}
    return neediest(
        variances=dict(zip(MODALITIES, variances, strict=True)),
        players=players,
        masks=sampled,
        efforts={m: effort(task.artefact.work, m, divided, masks) for m, divided in task.divided.items()},
        max_masks=most,
        target=float(variances.sum()) * ((task.options.tolerance or 0) / (POINTS * shares.half_width or 1)) ** 2,
    )
