"""What explaining a clip should take, by its size: the measure by which a sample is drawn and its seconds go on.

In floating-point operations it is what a GPU has to do. As a measure of seconds it need not be right: where it is wrong
by the same factor for all clips, nothing changes; where it is wrong for some more than for others, the interval is
wider.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from batcher.effort import pass_effort
from batcher.grid.maskable import Divided
from batcher.options import Options
from batcher.plan.size import Size
from batcher.planner import plan
from batcher.task import Task
from batcher.tolerance import pilot_masks
from export.artefact import Artefact
from export.work import Work
from media import Clip, Sound, Text, Video
from media.modality import Modality

Stage = Literal["text", "audio", "video", "pairs", "head"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
"""The three encoders, and the two parts of the grid."""


@dataclass(frozen=True)
class Predicted:
    """What explaining one clip takes."""

    masks: Mapping[Modality, int]
    """Passes of each encoder, for the modalities that the clip has."""
    points: int
    """Coalitions: points of the grid that the head sees."""
    flop: Mapping[Stage, float]

    @cached_property
    def total_flop(self) -> float:
        """Of all stages."""
        return sum(self.flop.values())


def predicted(size: Size, options: Options, artefact: Artefact) -> Predicted:
    """What a clip of a size takes, with the masks and points that are planned for it.

    With a tolerance these are the masks to begin with: how many more it takes is known only afterwards.

    Raises:
        MediaError: the clip has nothing that the model sees.
        ValueError: it has more players than `exact` can enumerate.
    """
    task = Task.of(hollow_clip(size, artefact), "", artefact, options)
    masks, points = _planned(task, options)
    return Predicted(masks, points, stage_flop(artefact.work, task.divided, masks, points))


def stage_flop(
    work: Work, clip: Mapping[Modality, Divided], masks: Mapping[Modality, int], points: int
) -> dict[Stage, float]:
    """Floating-point operations of each stage; their sum is `batcher.effort.grid_effort`."""
    passes: dict[Stage, float] = {m: pass_effort(work, m, divided).of(masks[m]) for m, divided in clip.items()}
    pairs = work.pair * sum(x * y for x, y in combinations(masks.values(), 2))
    return {**dict.fromkeys(STAGES, 0.0), **passes, "pairs": pairs, "head": work.point * points}


def hollow_clip(size: Size, artefact: Artefact) -> Clip:
    """A clip of a size with nothing in it: it takes no memory, whatever its size."""
    limits, seen = artefact.preprocessing, artefact.modalities
    segment = size.segment
    start_ms = segment.start_ms if segment else 0.0
    length_ms = 1000 * size.samples / limits.sample_rate_hz
    if segment and segment.end_ms is not None:
        length_ms = segment.end_ms - start_ms
    shape = (size.frames, 3, limits.image_size, limits.image_size)
    sound = Sound(_nothing(np.float32, (size.samples,)), start_ms, cut=False)
    times_ms = start_ms + np.linspace(0.0, length_ms, size.frames + 1)
    video = Video(_nothing(np.uint8, shape), times_ms, cut=False)
    return Clip(
        text=(size.text or _text(size)) if size.tokens and "text" in seen else None,
        sound=sound if size.samples and "audio" in seen else None,
        video=video if size.frames and "video" in seen else None,
        start_ms=start_ms,
        end_ms=start_ms + length_ms,
        words=segment.words if segment else (),
        regions=segment.regions if segment else (),
    )


def _planned(task: Task, options: Options) -> tuple[dict[Modality, int], int]:
    if options.estimator == "exact":
        masks = {m: 1 << n for m, n in task.counts.items()}
    elif options.tolerance is not None:
        masks = {m: pilot_masks(n, masks=options.masks, max_masks=options.max_masks) for m, n in task.counts.items()}
    else:
        planned = plan(task.counts, task.divided, options, task.artefact.work)
        return dict(planned.masks), planned.points
    return masks, math.prod(masks.values())


def _text(size: Size) -> Text:
    special = np.arange(size.tokens) >= size.tokens - size.marks
    spans = np.full((size.tokens, 2), -1, np.int64)
    return Text(np.zeros(size.tokens, np.int64), ("",) * size.tokens, spans, special, cut=False)


def _nothing(dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    return np.broadcast_to(dtype(0), shape)
