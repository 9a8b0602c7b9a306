"""One segment: from a decoded clip to Shapley values. No Ray, no files."""

from batcher.backends import Backend
from batcher.designs import DRAW, draw_design, draw_ordered
from batcher.estimators import SparseGrid, design_kind
from batcher.explanation import SegmentExplanation, explanation_of
from batcher.grid import Maskable
from batcher.growth import grow
from batcher.options import Options
from batcher.planner import Plan, plan
from batcher.task import Designs, Task
from media import Clip
from media.modality import MODALITIES


def explain_clip(clip: Clip, segment_id: str, backend: Backend, options: Options) -> SegmentExplanation:
    """Explain one clip.

    Args:
        clip: with at least one modality that the model uses.
        segment_id: part of the seed, so that an explanation never depends on its neighbours.
        backend: runs the artefact.
        options: masks, players, estimator and seed.

    Returns:
        The explanation of the predicted class, or of all.

    Raises:
        MediaError: the clip has no modality that the model uses.
        ValueError: the options don't fit the clip (too many players for `exact`).
    """
    task = Task.of(clip, segment_id, backend.artefact, options)
    if options.tolerance is not None:
        *_, last = grow(task, backend)
        return last
    planned = plan(task.counts, task.divided, options, backend.artefact.work)
    if planned.part is not None:
        return _explain_part(task, backend, planned.part)
    designs = _designs(task, planned)
    grid = backend.grid({m: Maskable(d.clip, d.player, designs[m]) for m, d in task.divided.items()})
    return explanation_of(task, designs, grid)


def _designs(task: Task, planned: Plan) -> Designs:
    """The sub-masks of each modality, for a whole grid."""
    if task.options.estimator == "exact":
        return {m: draw_design(n, 1 << n, task.seed(m)) for m, n in task.counts.items()}
    draw = DRAW[design_kind(task.options.estimator)]
    return {m: draw(n, planned.masks[m], task.seed(m)) for m, n in task.counts.items()}


def _explain_part(task: Task, backend: Backend, part: SparseGrid) -> SegmentExplanation:
    """Explain from a part of the grid."""
    levels = dict(zip(MODALITIES, part.levels, strict=True))
    designs = {m: draw_ordered(n, levels[m], task.seed(m)) for m, n in task.counts.items()}
    growing = backend.grow(task.divided)
    for modality, keep in designs.items():
        growing.extend(modality, keep)
    return explanation_of(task, designs, growing.part(part))
