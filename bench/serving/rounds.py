"""Ways to do the same, each between two times of the way that it is compared with: a machine's speed swings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Way = Callable[[], float]
"""Does it all once, and returns the seconds."""


@dataclass(frozen=True)
class Taken:
    """One way, once."""

    seconds: float
    compared_s: float
    """Of the way that it is compared with, in the mean of before and after."""

    @property
    def ratio(self) -> float:
        """Of its throughput to the other's."""
        return self.compared_s / self.seconds


def taken_in_turn(compared: Way, ways: Mapping[str, Way]) -> dict[str, Taken]:
    """Take all ways once."""
    taken, before_s = {}, compared()
    for name, way in ways.items():
        seconds, after_s = way(), compared()
        taken[name] = Taken(seconds, (before_s + after_s) / 2)
        before_s = after_s
    return taken
