"""Several ways to do things, taken in turn, so that a machine whose speed swings is the same for all of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bench.throughput.recorded import Call

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class Taken:
    """One time that something was done."""

    seconds: float
    calls: tuple[Call, ...]
    """Of graphs, meanwhile."""
    result: Any

    @property
    def graphs_s(self) -> float:
        """Seconds inside the graphs."""
        return sum(call.seconds for call in self.calls)

    def of_stage(self, stage: str) -> list[Call]:
        """The calls of a stage."""
        return [call for call in self.calls if call.stage == stage]


@dataclass(frozen=True)
class Way:
    """Something to do."""

    act: Callable[[], Any]
    calls: list[Call] = field(default_factory=list)
    """Where it writes down its calls of graphs."""

    def take(self) -> Taken:
        """Do it once."""
        self.calls.clear()
        started = time.perf_counter()
        result = self.act()
        return Taken(time.perf_counter() - started, tuple(self.calls), result)


def in_turn(ways: Mapping[Name, Way], rounds: int) -> dict[Name, Taken]:
    """Take all ways in every round, and return of each the round of its median time; of an even number, the faster."""
    taken = [{name: way.take() for name, way in ways.items()} for _ in range(rounds)]
    return {name: _median([one[name] for one in taken]) for name in ways}


def _median(taken: Sequence[Taken]) -> Taken:
    return sorted(taken, key=lambda one: one.seconds)[(len(taken) - 1) // 2]
