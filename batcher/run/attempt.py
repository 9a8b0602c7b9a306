"""Attempts at units: what is still to be given out, and which worker gets it."""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from batcher.collection import Segment
from batcher.run.unit import Unit

UNITS_IN_FLIGHT: Final = 2
"""Per worker: one that it explains, one that is decoded meanwhile."""

Member = TypeVar("Member", bound=Hashable)


@dataclass(frozen=True)
class Attempt:
    """A unit, and how earlier attempts at it ended."""

    unit: Unit
    deaths: int = 0
    """Of workers that had it: perhaps by its fault."""
    losses: int = 0
    """Of its worker or its clips with a node: never by its fault."""
    breaks: int = 0
    """Errors that nobody foresaw, of the unit as a whole: those of a segment are rows."""
    apart: bool = False
    """Whether each segment is decoded alone: a process that decoded several crashed, nobody knows on which."""

    @property
    def number(self) -> int:
        """Of this attempt, from 1."""
        return 1 + self.deaths + self.losses + self.breaks + self.apart

    @property
    def groups(self) -> list[tuple[Segment, ...]]:
        """Its segments as they are decoded, each tuple in a task."""
        return [(segment,) for segment in self.unit.segments] if self.apart else self.unit.together()

    @property
    def share(self) -> int:
        """Of its worker's places. A unit that a worker died on has the next to itself: a death is then its own."""
        return UNITS_IN_FLIGHT if self.deaths else 1

    def split(self) -> list["Attempt"]:
        """One attempt per segment."""
        return [replace(self, unit=single) for single in self.unit.split()]


@dataclass
class Todo:
    """Attempts to be made: those at units that were given out before come first."""

    units: Iterator[Unit]
    """That no worker had yet; taken one ahead."""
    waiting: deque[Attempt] = field(default_factory=deque)

    def first(self) -> Attempt | None:
        """What comes next, if anything does."""
        if not self.waiting:
            self.waiting.extend(Attempt(unit) for unit in [next(self.units, None)] if unit)
        return self.waiting[0] if self.waiting else None

    def take(self) -> Attempt:
        """Remove what comes next, which `first` has seen."""
        return self.waiting.popleft()

    def add(self, *attempts: Attempt) -> None:
        """Have units tried again."""
        self.waiting.extend(attempts)


@dataclass(frozen=True)
class Flight(Generic[Member]):
    """An attempt that a worker makes."""

    attempt: Attempt
    member: Member


def assigned(members: Sequence[Member], flights: Iterable[Flight[Member]], todo: Todo) -> Iterator[Flight[Member]]:
    """Take from what is to be done as much as the workers have room for; each time the least busy one gets it."""
    load = dict.fromkeys(members, 0)
    for flight in flights:
        if flight.member in load:
            load[flight.member] += flight.attempt.share
    while load and (following := todo.first()):
        member = min(load, key=load.__getitem__)
        if load[member] + following.share > UNITS_IN_FLIGHT:
            return
        load[member] += following.share
        yield Flight(todo.take(), member)
