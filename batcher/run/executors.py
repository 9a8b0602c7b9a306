"""Who runs the units: this process, or Ray's workers (`batcher.run.ray_workers`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from batcher.decode import decode_all
from batcher.run.unit import Unit, UnitReport
from batcher.run.worker import Worker, WorkerSetup
from export.artefact import Artefact


class Executor(Protocol):
    """Runs units, in any order."""

    def run(self, units: Iterator[Unit]) -> Iterator[UnitReport]:
        """Yield a report for every unit, each committed. Takes units only as it can work on them."""


@dataclass(frozen=True)
class InProcess:
    """One unit after the other in this process: for tests, and for debugging a segment."""

    setup: WorkerSetup
    artefact: Artefact

    def run(self, units: Iterator[Unit]) -> Iterator[UnitReport]:
        """Decode and explain here."""
        worker = Worker(self.setup)
        for unit in units:
            clips = decode_all(unit.segments, self.artefact, self.setup.artefact_folder)
            yield worker.explain_unit(unit, clips, attempts=1)
