"""The workers of a run: those that live, those that load the model, and who follows one that is gone."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import ray
from ray.exceptions import ActorUnavailableError, RayActorError, RayError

from batcher.backends import BackendError
from batcher.run.actor import Actor, UnitExplainer
from batcher.run.cluster import actor_options, living_nodes, places
from batcher.run.worker import WorkerSetup

START_S: Final = 900
"""Until a worker has loaded the model."""
STARTS: Final = 3
"""That fail before the crew gets smaller by one."""
LOOK_S: Final = 5.0
"""Between looks whether the cluster has room for more workers, or for fewer."""


@dataclass(frozen=True)
class Member:
    """A worker that is ready."""

    actor: Any
    node_id: str


@dataclass
class Crew:
    """As many workers as are wanted and have room; each asks for the processors of its threads."""

    setup: WorkerSetup
    worker: Callable[[WorkerSetup], UnitExplainer]
    size: int
    living: list[Member] = field(default_factory=list)
    starting: dict[Any, Any] = field(default_factory=dict)
    """By the reference that says when it is ready."""
    _remote: Any = None
    _gone: dict[Member, bool] = field(default_factory=dict)
    """Whether a former member died by itself."""
    _looked_s: float = 0.0
    _alone_s: float = 0.0
    """When a member was last gone: of the last one, how long there has been none."""
    _failed: int = 0
    _reason: str = "their nodes are gone"

    def open(self) -> None:
        """Start all workers, and wait for them; those that are killed meanwhile are started again, a few times.

        Raises:
            BackendError: one can't start.
        """
        self._remote = ray.remote(**actor_options(self.setup.backend, self.size))(Actor)
        for _ in range(self.size):
            self._start()
        killed = 0
        while self.starting:
            ready, actor = next(iter(self.starting.items()))
            try:
                self.living.append(Member(actor, ray.get(ready, timeout=START_S)))
            except RayError as error:
                killed += _was_killed(error)
                if killed == STARTS or not _was_killed(error):
                    raise BackendError(
                        f"a worker can't start: {error}\nIf memory ran out, use fewer --workers"
                    ) from error
                self._start()
            del self.starting[ready]

    def admit(self, ready: Any) -> None:
        """Take in a worker that has started, or bury it."""
        actor = self.starting.pop(ready)
        try:
            self.living.append(Member(actor, ray.get(ready)))
        except RayError as error:
            ray.kill(actor)
            self._reason = str(error)
            self._failed += 1
            if self._failed % STARTS == 0:
                self.size -= 1
        self._looked_s = 0.0

    def is_fault_of(self, member: Member, error: RayActorError) -> bool:
        """Take out a member that no longer answers.

        Returns:
            Whether it died by itself. False: it was lost with its node, or dismissed.
        """
        if member not in self._gone:
            # Ray 2.60 calls the actor of a node that is suddenly gone unavailable until it misses the node.
            alive = any(node.node_id == member.node_id for node in living_nodes())
            self._remove(member, died=alive and not isinstance(error, ActorUnavailableError))
        return self._gone[member]

    def fit(self) -> None:
        """Start who is missing, dismiss whom the cluster has no room for any more.

        Workers on all processors that are left would wait for clips that nobody can decode.

        Raises:
            BackendError: nobody is left, and nobody could start.
        """
        now = time.monotonic()
        if not self.living and (self.size < 1 or now - self._alone_s > START_S):
            raise BackendError(f"no worker is left, and none can start: {self._reason}")
        if now - self._looked_s < LOOK_S:
            return
        self._looked_s = now
        wanted = min(self.size, places(living_nodes(), self.setup.backend.threads))
        while len(self.living) + len(self.starting) < wanted:
            self._start()
        while len(self.living) + len(self.starting) > wanted:
            self._dismiss()

    def close(self) -> None:
        """Stop everyone: a worker that went on after its run could meet the next run's units."""
        for actor in (*self.starting.values(), *(member.actor for member in self.living)):
            ray.kill(actor)

    def _start(self) -> None:
        actor = self._remote.remote(self.setup, self.worker)
        self.starting[actor.ready.remote()] = actor

    def _dismiss(self) -> None:
        if self.starting:
            ray.kill(self.starting.popitem()[1])
        else:
            self._remove(self.living[-1], died=False)

    def _remove(self, member: Member, *, died: bool) -> None:
        ray.kill(member.actor)  # what is unavailable may come back
        self.living.remove(member)
        self._gone[member] = died
        self._alone_s = time.monotonic()
        self._looked_s = 0.0


def _was_killed(error: RayError) -> bool:
    """Whether a process is gone; what a start raises, the next would raise again."""
    return isinstance(error, RayActorError) and not error.actor_init_failed
