"""A worker behind Ray, and the clips that reach it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ray
from ray.exceptions import OutOfMemoryError, RayError, WorkerCrashedError

from batcher.collection import Segment
from batcher.decode import Decoded
from batcher.outcome import Failure
from batcher.run.unit import Unit, UnitReport
from batcher.run.worker import WorkerSetup
from export.artefact import Artefact

Decode = Callable[[Segment, Artefact, Path], Decoded]
"""As `batcher.decode.decode`."""


class UnitExplainer(Protocol):
    """Explains unit after unit, as `batcher.run.worker.Worker` does."""

    def explain_unit(self, unit: Unit, decoded: Iterable[Decoded], attempts: int) -> UnitReport:
        """Explain every segment of a unit and commit it."""


@dataclass(frozen=True)
class ClipLost:
    """Instead of a report: a clip of the unit is nowhere any more, and nothing was written."""

    reason: str


class ClipLostError(Exception):
    """A decoded clip that can't be fetched, though its process didn't crash."""


class Actor:
    """Holds a worker on one of the cluster's nodes."""

    def __init__(self, setup: WorkerSetup, worker: Callable[[WorkerSetup], UnitExplainer]) -> None:
        self.worker = worker(setup)

    def ready(self) -> str:
        """The id of its node, once the model is loaded."""
        return str(ray.get_runtime_context().get_node_id())

    def explain(self, unit: Unit, clips: list[Any], attempts: int) -> UnitReport | ClipLost:
        """Explain a unit whose clips are being decoded; they stay in Ray's object store until it ends."""
        try:
            return self.worker.explain_unit(unit, map(fetch, clips), attempts)
        except ClipLostError as error:
            return ClipLost(str(error))


def fetch(clip: Any) -> Decoded:
    """A decoded clip, or that its process crashed.

    Raises:
        ClipLostError: it went with its node, or can't be fetched for another reason that isn't its own.
    """
    try:
        decoded: Decoded = ray.get(clip)
    except (WorkerCrashedError, OutOfMemoryError) as error:
        return Decoded(Failure("decode", f"decoding crashed: {type(error).__name__}"), 0.0)
    except RayError as error:
        raise ClipLostError(f"{type(error).__name__}: {error}") from error
    return decoded
