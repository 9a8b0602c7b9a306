"""Ray's workers: decoding tasks feed actors that explain, and any of them may die."""

import logging
import math
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import ray
from ray.exceptions import RayActorError, RayError

from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice
from batcher.decode import Decoded, decode
from batcher.outcome import Failure
from batcher.run.machine import cores
from batcher.run.unit import Unit, UnitReport
from batcher.run.worker import Worker, WorkerSetup, committed_unit, write_failed_unit
from export.artefact import Artefact

UNITS_IN_FLIGHT: Final = 2
"""Per actor: one that it explains, one that is decoded meanwhile."""
ATTEMPTS: Final = 3
"""Deaths of an actor on the same unit before its segments are tried one by one, then given up."""
OBJECT_STORE_BYTES: Final = 1 << 30
"""Per worker: the clips of its units in flight, 18 MB each for 90 frames."""
START_S: Final = 900
"""Until a worker has loaded the model."""


@dataclass(frozen=True)
class Attempt:
    """A unit that an actor has."""

    unit: Unit
    number: int
    actor: Any

    @property
    def share(self) -> int:
        """Of its actor's places. A unit that is tried again has the actor to itself: its death is the unit's own."""
        return 1 if self.number == 1 else UNITS_IN_FLIGHT


@dataclass
class RayWorkers:
    """Decoding tasks feed actors that explain and write."""

    setup: WorkerSetup
    artefact: Artefact
    workers: int
    address: str | None = None
    _queue: deque[tuple[Unit, int]] = field(default_factory=deque)
    """Units to try again, with the number of the next attempt."""

    def run(self, units: Iterator[Unit]) -> Iterator[UnitReport]:
        """Keep every actor busy; survive the death of any of them.

        Raises:
            BackendError: the workers can't start.
        """
        with _cluster(self.address, self.workers, self.setup.backend):
            actors = self._start_actors(self.workers)
            in_flight: dict[Any, Attempt] = {}
            while True:
                self._fill(actors, in_flight, units)
                if not in_flight:
                    return
                (done,), _ = ray.wait(list(in_flight), num_returns=1)
                yield from self._collect(done, in_flight.pop(done), actors)

    def _start_actors(self, number: int) -> list[Any]:
        # Not by Ray's own restarts: what an actor is sent before Ray knows of its death (2.60: up to seconds) fails
        # as if the actor had died of it.
        backend = self.setup.backend
        gpus = gpu_share(self.workers, _resource("GPU")) if backend.uses_gpu else 0.0
        remote: Any = ray.remote(num_cpus=backend.threads, num_gpus=gpus, max_restarts=0, max_task_retries=0)(_Actor)
        actors = [remote.remote(self.setup) for _ in range(number)]
        try:
            ray.get([actor.ready.remote() for actor in actors], timeout=START_S)
        except RayError as error:
            raise BackendError(f"a worker can't start: {error}\nIf memory ran out, use fewer --workers") from error
        return actors

    def _fill(self, actors: list[Any], in_flight: dict[Any, Attempt], units: Iterator[Unit]) -> None:
        """Give every actor with room for one its next unit."""
        load = [sum(a.share for a in in_flight.values() if a.actor == actor) for actor in actors]
        while (least := min(load)) < (1 if self._queue else UNITS_IN_FLIGHT) and (following := self._next(units)):
            unit, number = following
            place = load.index(least)
            attempt = Attempt(unit, number, actors[place])
            load[place] += attempt.share
            clips = [_decode.remote(segment, self.artefact, self.setup.artefact_folder) for segment in unit.segments]
            in_flight[attempt.actor.explain.remote(unit, clips, number)] = attempt

    def _next(self, units: Iterator[Unit]) -> tuple[Unit, int] | None:
        if self._queue:
            return self._queue.popleft()
        unit = next(units, None)
        return None if unit is None else (unit, 1)

    def _collect(self, done: Any, attempt: Attempt, actors: list[Any]) -> Iterator[UnitReport]:
        try:
            yield ray.get(done)
        except RayActorError as error:
            if attempt.actor in actors:  # else another of its units, which failed first, replaced it
                actors[actors.index(attempt.actor)] = self._start_actors(1)[0]
            yield from self._after_death(attempt, error)

    def _after_death(self, attempt: Attempt, error: Exception) -> Iterator[UnitReport]:
        """Decide what becomes of a unit whose actor died."""
        unit, store = attempt.unit, self.setup.store()
        if store.is_committed(unit.unit_id):
            yield committed_unit(store, unit)
        elif attempt.number < ATTEMPTS:
            self._queue.append((unit, attempt.number + 1))
        elif len(unit.segments) > 1:
            self._queue.extend((single, attempt.number + 1) for single in unit.split())
        else:
            reason = f"the worker died {attempt.number} times on this segment: {error}".splitlines()[0]
            yield write_failed_unit(store, unit, Failure("worker", reason), attempt.number)


class _Actor:
    """A worker behind Ray."""

    def __init__(self, setup: WorkerSetup) -> None:
        self.worker = Worker(setup)

    def ready(self) -> bool:
        """Answer once the model is loaded."""
        return True

    def explain(self, unit: Unit, clips: list[Any], attempts: int) -> UnitReport:
        """Explain a unit whose clips are being decoded; they stay in Ray's object store until it ends."""
        return self.worker.explain_unit(unit, map(_fetch, clips), attempts)


def _fetch(clip: Any) -> Decoded:
    """A decoded clip, or why its process died."""
    try:
        decoded: Decoded = ray.get(clip)
    except RayError as error:
        return Decoded(Failure("decode", f"decoding crashed: {type(error).__name__}"), 0.0)
    return decoded


_decode = ray.remote(num_cpus=1, max_retries=1)(decode)


def gpu_share(workers: int, gpus: int) -> float:
    """How much of a GPU each worker asks Ray for: all of one, or an equal part where workers share it.

    Raises:
        BackendError: there is none.
    """
    if not gpus:
        raise BackendError("Ray finds no GPU, and workers on a device need one; use --workers 0, or --device cpu")
    return 1 / max(1, math.ceil(workers / gpus))


def _resource(name: str) -> int:
    """How much of something the cluster has."""
    return int(ray.cluster_resources().get(name, 0))  # type: ignore[no-untyped-call]


def _check_room(workers: int, threads: int) -> None:
    """Refuse a cluster whose processors the actors would fill, leaving none to decode for them."""
    processors = _resource("CPU")
    if processors <= workers * threads:
        raise BackendError(
            f"{workers} workers of {threads} threads leave none of Ray's {processors} processors for decoding; "
            f"use --workers {max(1, (processors - 1) // threads)}, or more nodes"
        )


def _decoders(workers: int, backend: BackendChoice) -> int:
    """Processes that decode: few beside workers that fill the cores, all other cores where a GPU does the work."""
    others = workers // 2 if backend.uses_cores else cores() - workers * backend.threads
    return max(1, others)


@contextmanager
def _cluster(address: str | None, workers: int, backend: BackendChoice) -> Iterator[None]:
    """Ray, started quietly on this machine unless it runs already or an address names a cluster."""
    if ray.is_initialized():
        _check_room(workers, backend.threads)
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    options: dict[str, Any] = {"address": address or "local"}
    if address is None:
        # Decoding gets processors of its own, or actors that hold them all would starve it.
        processors = workers * backend.threads + _decoders(workers, backend)
        store = workers * OBJECT_STORE_BYTES
        options |= {"num_cpus": processors, "include_dashboard": False, "object_store_memory": store}
    try:
        ray.init(logging_level=logging.ERROR, log_to_driver=False, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BackendError(f"Ray can't be reached or started at {options['address']}: {error}") from error
    try:
        _check_room(workers, backend.threads)
        yield
    finally:
        ray.shutdown()
