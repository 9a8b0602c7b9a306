"""Ray's workers: decoding tasks feed actors that explain, and any of them may die, or a whole node."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import ray
from ray.exceptions import RayActorError, RayTaskError

from batcher.collection import Segment
from batcher.decode import Decoded, decode_all
from batcher.outcome import UNAVAILABLE, Failure
from batcher.run.actor import Broken, ClipLost, Decode, UnitExplainer
from batcher.run.attempt import Attempt, Flight, Todo, assigned
from batcher.run.cluster import cluster
from batcher.run.crew import LOOK_S, Crew, Member
from batcher.run.sight import check_sight, files_of
from batcher.run.unit import Unit, UnitReport
from batcher.run.watchdog import watched
from batcher.run.worker import Worker, WorkerSetup, committed_unit, write_failed_unit
from export.artefact import Artefact
from media import LIMITS

ATTEMPTS: Final = 3
"""Deaths of an actor on the same unit before its segments are tried one by one, then given up."""
LOSSES: Final = 10
"""Of the same unit with its node, before its segments are left to the next start."""


@dataclass
class RayWorkers:
    """Decoding tasks feed actors that explain and write."""

    setup: WorkerSetup
    artefact: Artefact
    workers: int
    address: str | None = None
    worker: Callable[[WorkerSetup], UnitExplainer] = Worker
    """What an actor makes of the setup, to explain with."""
    decode: Decode = decode_all
    hang_s: float = LIMITS.hang_s
    """Of decoding a segment, until its process is ended."""

    def run(self, units: Iterator[Unit]) -> Iterator[UnitReport]:
        """Keep every actor busy; survive the death of any of them, and of nodes.

        Raises:
            BackendError: the workers can't start, or none is left and none can start.
            ConfigError: a node of the cluster doesn't see the files of the run.
        """
        todo = Todo(units)
        with cluster(self.address, self.workers, self.setup.backend):
            if self.address:
                first = todo.first()
                check_sight(files_of(self.setup, first.unit.segments if first else ()))
            crew = Crew(self.setup, self.worker, self.workers)
            try:
                crew.open()
                yield from self._work_off(todo, crew)
            finally:
                crew.close()

    def _work_off(self, todo: Todo, crew: Crew) -> Iterator[UnitReport]:
        decoder = ray.remote(num_cpus=1)(self._decoder())
        flights: dict[Any, Flight[Member]] = {}
        while flights or todo.first():
            crew.fit()
            for flight in assigned(crew.living, flights.values(), todo):
                attempt, unit = flight.attempt, flight.attempt.unit
                clips = [_decoding(decoder, group) for group in attempt.groups]
                flights[flight.member.actor.explain.remote(unit, clips, attempt.number)] = flight
            for done in _answers([*flights, *crew.starting]):
                if done in flights:
                    yield from self._landed(done, flights.pop(done), crew, todo)
                else:
                    crew.admit(done)

    def _decoder(self) -> Callable[[Sequence[Segment]], Decoded | Iterator[Decoded]]:
        decode, artefact, folder, hang_s = self.decode, self.artefact, self.setup.artefact_folder, self.hang_s

        def decoded(segments: Sequence[Segment]) -> Decoded | Iterator[Decoded]:
            # Ray sends what is enclosed once to each process; arguments cost every segment a third of a millisecond.
            clips = watched(decode(segments, artefact, folder), hang_s)
            if len(segments) > 1:
                return clips  # Ray stores one after the other: no more than one is in the process's own memory
            (clip,) = clips
            return clip

        return decoded

    def _landed(self, done: Any, flight: Flight[Member], crew: Crew, todo: Todo) -> Iterator[UnitReport]:
        """Report what an attempt came to, or have the unit tried again."""
        try:
            report = ray.get(done)
        except RayActorError as error:
            died = crew.is_fault_of(flight.member, error)
            yield from self._ended(flight.attempt, str(error), todo, died=died)
        except RayTaskError as error:
            raise error.cause from error
        else:
            if isinstance(report, ClipLost) and report.crashed:
                todo.add(replace(flight.attempt, apart=True))
            elif isinstance(report, ClipLost):
                yield from self._ended(flight.attempt, report.reason, todo, died=False)
            elif isinstance(report, Broken):
                yield from self._broken(flight.attempt, report.reason, todo)
            else:
                yield report

    def _broken(self, attempt: Attempt, reason: str, todo: Todo) -> Iterator[UnitReport]:
        """Have the segments of a unit that broke tried one by one, as the whole would break again."""
        attempt = replace(attempt, breaks=attempt.breaks + 1)
        if self.setup.store().is_committed(attempt.unit.unit_id):
            yield committed_unit(self.setup.store(), attempt.unit)
        elif len(attempt.unit.segments) > 1:
            todo.add(*attempt.split())
        else:
            yield self._given_up(attempt, Failure("worker", reason))

    def _ended(self, attempt: Attempt, reason: str, todo: Todo, *, died: bool) -> Iterator[UnitReport]:
        """Decide what becomes of a unit that has no report."""
        if self.setup.store().is_committed(attempt.unit.unit_id):
            yield committed_unit(self.setup.store(), attempt.unit)
        elif died:
            yield from self._after_death(replace(attempt, deaths=attempt.deaths + 1), reason, todo)
        else:
            yield from self._after_loss(replace(attempt, losses=attempt.losses + 1), reason, todo)

    def _after_death(self, attempt: Attempt, reason: str, todo: Todo) -> Iterator[UnitReport]:
        if attempt.deaths < ATTEMPTS:
            todo.add(attempt)
        elif len(attempt.unit.segments) > 1:
            todo.add(*attempt.split())
        else:
            reason = f"the worker died {attempt.deaths} times on this segment: {reason}"
            yield self._given_up(attempt, Failure("worker", reason.splitlines()[0]))

    def _after_loss(self, attempt: Attempt, reason: str, todo: Todo) -> Iterator[UnitReport]:
        if attempt.losses < LOSSES:
            todo.add(attempt)
        else:
            reason = f"the worker or the clip was lost {attempt.losses} times with its node: {reason}"
            yield self._given_up(attempt, Failure("worker", reason.splitlines()[0], UNAVAILABLE))

    def _given_up(self, attempt: Attempt, failure: Failure) -> UnitReport:
        return write_failed_unit(self.setup.store(), attempt.unit, failure, attempt.number - 1)


def _decoding(decoder: Any, segments: Sequence[Segment]) -> list[Any]:
    """Have some segments decoded by one task; a crash of several isn't repeated, but they are taken apart."""
    retries = 1 if len(segments) == 1 else 0
    clips = decoder.options(num_returns=len(segments), max_retries=retries).remote(segments)
    return [clips] if len(segments) == 1 else clips


def _answers(references: list[Any]) -> list[Any]:
    """The first of several to be there, if any is within the time."""
    if not references:  # nobody works, nobody starts: the cluster has no room
        time.sleep(LOOK_S)
        return []
    done, _ = ray.wait(references, num_returns=1, timeout=LOOK_S)
    return list(done)
