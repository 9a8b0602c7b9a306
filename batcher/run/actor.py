"""A worker behind Ray, and the clips that reach it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ray
from ray.exceptions import OutOfMemoryError, RayError, WorkerCrashedError

from batcher.backends import BackendError
from batcher.collection import Segment
from batcher.decode import Decoded
from batcher.outcome import Failure
from batcher.run.unit import Unit, UnitReport
from batcher.run.worker import WorkerSetup
from batcher.store.errors import StoreError
from export.artefact import Artefact, ArtefactError
from media import LIMITS

Decode = Callable[[Sequence[Segment], Artefact, Path], Iterator[Decoded]]
"""As `batcher.decode.decode_all`."""


class UnitExplainer(Protocol):
    """Explains unit after unit, as `batcher.run.worker.Worker` does."""

    def explain_unit(self, unit: Unit, decoded: Iterable[Decoded], attempts: int) -> UnitReport:
        """Explain every segment of a unit and commit it."""


@dataclass(frozen=True)
class Broken:
    """Instead of a report: why the unit couldn't be explained, in words: not every exception survives the way."""

    reason: str


@dataclass(frozen=True)
class ClipLost:
    """Instead of a report: a clip of the unit is nowhere any more, and nothing was written."""

    reason: str
    crashed: bool = False
    """Whether a process crashed that decoded several: decoding each alone tells on which."""


class ClipLostError(Exception):
    """A decoded clip that can't be fetched, though its process didn't crash."""


class GroupCrashedError(Exception):
    """The process crashed that decoded several clips."""


class Actor:
    """Holds a worker on one of the cluster's nodes."""

    def __init__(self, setup: WorkerSetup, worker: Callable[[WorkerSetup], UnitExplainer]) -> None:
        self.worker = worker(setup)

    def ready(self) -> str:
        """The id of its node, once the model is loaded."""
        return str(ray.get_runtime_context().get_node_id())

    def explain(self, unit: Unit, clips: list[list[Any]], attempts: int) -> UnitReport | ClipLost | Broken:
        """Explain a unit whose clips are being decoded, each list by a task.

        Raises:
            ArtefactError, BackendError, StoreError: what ends the run, whichever unit it met.
        """
        try:
            return self.worker.explain_unit(unit, fetch_all(clips), attempts)
        except GroupCrashedError as error:
            return ClipLost(str(error), crashed=True)
        except ClipLostError as error:
            return ClipLost(str(error))
        except (ArtefactError, BackendError, StoreError):
            raise
        except Exception as error:  # noqa: BLE001  # one odd unit must not stop a night's run
            return Broken(f"{type(error).__name__}: {error}")


def fetch_all(clips: Iterable[list[Any]]) -> Iterator[Decoded]:
    """Decoded clips of several tasks.

    Raises:
        ArtefactError: as `fetch`.
        ClipLostError: as `fetch`.
        GroupCrashedError: the process crashed that decoded several of them.
    """
    for together in clips:
        for clip in together:
            yield fetch(clip, alone=len(together) == 1)


def fetch(clip: Any, *, alone: bool = True) -> Decoded:
    """A decoded clip, or that the process crashed which decoded it alone.

    Raises:
        ArtefactError: its process can't read the model's tokenizer.
        ClipLostError: it went with its node, or can't be fetched for another reason that isn't its own.
        GroupCrashedError: the process crashed that decoded it with others.
    """
    try:
        decoded: Decoded = ray.get(clip)
    except (WorkerCrashedError, OutOfMemoryError) as error:
        reason = f"decoding crashed, or hung for {LIMITS.hang_s:g} s: {type(error).__name__}"
        if not alone:
            raise GroupCrashedError(reason) from error
        return Decoded(Failure("decode", f"{reason}. Check that the media plays there, and convert it"), 0.0)
    except ArtefactError as error:
        raise ArtefactError(str(getattr(error, "cause", error))) from error
    except RayError as error:
        raise ClipLostError(f"{type(error).__name__}: {error}") from error
    return decoded
