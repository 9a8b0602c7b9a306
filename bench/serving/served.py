"""By a server: requests of this process, and of Ray's workers."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import click

from batcher.backends.choice import BackendChoice
from batcher.backends.triton.addresses import Addresses
from batcher.backends.triton.backend import TritonBackend
from batcher.collection import Segment
from batcher.decode import Decoded
from batcher.grid.calls import Slices
from batcher.grid.request import GridAnswer, GridRequest
from batcher.run.ray_workers import RayWorkers
from batcher.run.unit import Unit, unit_size, units_of
from batcher.run.worker import WorkerSetup
from bench.serving.statistics import Statistics, between, statistics
from bench.serving.work import Work
from export.artefact import Artefact, load_artefact
from media import Clip


@dataclass
class TimedBackend(TritonBackend):
    """Notes how long its requests take."""

    asked_s: list[float] = field(default_factory=list)

    def answer(self, request: GridRequest) -> GridAnswer:
        """Ask a server."""
        started = time.perf_counter()
        answer = super().answer(request)
        self.asked_s.append(time.perf_counter() - started)
        return answer


@dataclass(frozen=True)
class Requests:
    """What requests cost, as their client and as the server saw them."""

    client_s: float
    models: Statistics


@dataclass(frozen=True)
class Served:
    """So many requests of this process at a time."""

    work: Work
    backend: TimedBackend
    clips: list[Clip]
    in_flight: int
    rounds: list[Requests] = field(default_factory=list)

    def __call__(self) -> float:
        """Explain all clips, and return the seconds."""
        client = self.backend.servers.each()[0].client
        before = statistics(client)
        self.backend.asked_s.clear()
        started = time.perf_counter()
        with ThreadPoolExecutor(self.in_flight) as pool:
            list(pool.map(lambda clip, i: self.work.explain(clip, i, self.backend), self.clips, count()))
        seconds = time.perf_counter() - started
        self.rounds.append(Requests(sum(self.backend.asked_s), between(before, statistics(client))))
        return seconds


@dataclass(frozen=True)
class RayServed:
    """Ray's workers, each with some requests at a time: a run without its decoding."""

    work: Work
    addresses: Addresses
    slices: Slices
    workers: int

    def __call__(self) -> float:
        """Explain all clips, and return the seconds from the moment when all workers were ready."""
        artefact = load_artefact(self.work.model)
        choice = BackendChoice("triton", addresses=self.addresses)
        with tempfile.TemporaryDirectory() as out:
            setup = WorkerSetup(self.work.model, choice, self.work.options, Path(out), {}, self.slices)
            ray = RayWorkers(setup, artefact, self.workers, decode=partial(_decode, self.work))
            began: list[float] = []
            reports = list(ray.run(self._units(began.append)))
            ended = time.perf_counter()
        failures = [failure for report in reports for _, failure in report.failures]
        if failures:
            raise click.ClickException(f"{len(failures)} clips failed, so the times mean nothing: {failures[0].error}")
        return ended - began[0]

    def _units(self, begin: Callable[[float], None]) -> Iterator[Unit]:
        """What is to be explained; the first is asked for when the workers are ready."""
        begin(time.perf_counter())
        segments = (Segment(str(i), "clip", Path("clip"), 0.0, 1000.0) for i in range(self.work.clips))
        yield from units_of(segments, unit_size(self.work.clips, self.workers, self.addresses.in_flight))


def _decode(work: Work, segments: Sequence[Segment], artefact: Artefact, _folder: Path) -> Iterator[Decoded]:
    """Made-up clips, in a decoding task."""
    for segment in segments:
        yield Decoded(work.clip(int(segment.segment_id), artefact), 0.0)
