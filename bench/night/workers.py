"""Workers side by side, as in a run: each holds the model, has one thread, and explains its part of a sample."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier
from typing import Final

from threadpoolctl import threadpool_limits

from batcher.backends import Backend
from batcher.backends.choice import BackendChoice, open_backend
from batcher.explain import explain_clip
from batcher.grid.calls import Slices
from batcher.options import Options
from batcher.plan.size import Size
from bench.machine import peak_bytes
from bench.night.clips import made_up_clip
from media.modality import Modality

REFERENCE: Final = "onnxruntime-fp32"
"""The backend that runs everywhere."""
BACKENDS: Final[Mapping[str, BackendChoice]] = {
    REFERENCE: BackendChoice(),
    "openvino-fp32": BackendChoice("openvino", precision="fp32"),
    "openvino-bf16": BackendChoice("openvino", precision="bf16"),
}
"""On one thread; a name for each backend and the precision that it computes in."""

LOADED_S: Final = 600
"""Workers wait no longer for one that can't load the model."""
FIRST: Final = Size(tokens=4, samples=8000, frames=1)
"""A clip that every worker explains first, and that doesn't count: a process pays for its first calls but once."""


@dataclass(frozen=True)
class Task:
    """How clips are to be explained."""

    model: Path
    backend: str
    """Of `BACKENDS`."""
    options: Options
    seed: int
    slices: Slices = field(default_factory=Slices)


@dataclass(frozen=True)
class Explained:
    """What explaining one clip took."""

    seconds: Mapping[str, float]
    """encode, grid and estimate, and the rest: players and designs."""
    players: Mapping[Modality, int]
    masks: Mapping[Modality, int]

    @property
    def whole_s(self) -> float:
        """Seconds of it all."""
        return sum(self.seconds.values())


@dataclass(frozen=True)
class Worked:
    """What one worker did."""

    explained: Mapping[int, Explained]
    """By the clip's index."""
    seconds: float
    """From the moment when all workers were ready."""
    peak_bytes: int
    """Most memory that was resident at a time."""


def explain_side_by_side(task: Task, sizes: Sequence[Size], parts: Sequence[Sequence[int]]) -> list[Worked]:
    """Explain a sample by as many workers as it has parts.

    Args:
        task: the model and the options.
        sizes: of all clips.
        parts: indices of each worker's clips.
    """
    context = get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(len(parts), mp_context=context) as pool:
        begin = manager.Barrier(len(parts), timeout=LOADED_S)
        chosen = [{clip: sizes[clip] for clip in part} for part in parts]
        return list(pool.map(partial(explain_part, task, begin=begin), chosen))


def explain_part(task: Task, clips: Mapping[int, Size], begin: Barrier) -> Worked:
    """Explain the clips of one worker, in this process.

    Args:
        task: the model and the options.
        clips: sizes by index.
        begin: where workers wait for one another, with their models loaded.
    """
    with threadpool_limits(1):
        backend = open_backend(task.model, BACKENDS[task.backend], slices=task.slices)
        _explain(task, backend, 0, FIRST)
        begin.wait()
        started = time.perf_counter()
        explained = {clip: _explain(task, backend, clip, size) for clip, size in clips.items()}
        seconds = time.perf_counter() - started
    return Worked(explained, seconds, peak_bytes())


def _explain(task: Task, backend: Backend, index: int, size: Size) -> Explained:
    clip = made_up_clip(size, backend.artefact, task.seed + index)
    started = time.perf_counter()
    found = explain_clip(clip, str(index), backend, task.options)
    whole_s = time.perf_counter() - started
    players = {m: sum(player.modality == m for player in found.players) for m in found.modalities}
    seconds = {**found.seconds, "rest": whole_s - sum(found.seconds.values())}
    return Explained(seconds, players, {m: found.masks[m] for m in found.modalities})
