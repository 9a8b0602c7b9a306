"""Calls of an artefact's graphs, whoever runs them, and the slices that bound their memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

Array = NDArray[Any]


class RunGraph(Protocol):
    """Runs a graph on its inputs, by their names."""

    def __call__(self, graph: str, /, **inputs: Array) -> list[Array]:
        """Return the graph's outputs in their order.

        They may stand on a device, and be inputs again (`batcher.backends.device`). There they stay when they are
        indexed by slices or joined by `np.concatenate`; `np.asarray` brings them to the host.
        """


RunEach = Callable[[str, Iterable[Mapping[str, Array]]], Iterator[list[Array]]]
"""Runs a graph on the inputs of several calls, and gives the outputs of each in the order of the calls. How many are
under way at a time is its own affair."""


def in_turn(run: RunGraph) -> RunEach:
    """One call after the other."""
    return lambda graph, calls: (run(graph, **inputs) for inputs in calls)


@dataclass(frozen=True)
class Slices:
    """How much goes into one call of a graph, which bounds its memory."""

    text_masks: int = 16
    audio_masks: int = 4
    frames: int = 8
    """Frames per call of `video_frames`, which makes a table of each."""
    pictures: int = 1024
    """Masked frames per call of `video_frames`: masks times frames."""
    video_masks: int = 16
    pair_masks: int = 64
    """Masks of each side of a pair."""
    grid_points: int = 1024


def spans(length: int, size: int) -> Iterator[slice]:
    """Cut `length` rows into slices of at most `size`."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
