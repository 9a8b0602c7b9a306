"""Arrays that stay where they were made from one graph to the next.

A grid asks two things of its arrays between graphs: to be indexed by slices, and to be joined by `np.concatenate`.
Numpy hands both to arrays of other kinds (NEP 18), so a grid is the same for arrays that never come to the host.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CUT: Final = "cut"
"""The graph that gives a block of an array, by `starts` and `stops` of its axes."""
JOIN: Final = ("join_rows", "join_columns")
"""Those that join `first` and `second`, by axis."""


class Memory(ABC):
    """A place of arrays, and the graphs that move them in it; for float32 arrays of three axes."""

    @abstractmethod
    def upload(self, array: Array) -> "DeviceArray":
        """A copy of a host array."""

    @abstractmethod
    def shape(self, value: Any) -> tuple[int, ...]:
        """Of an array's value."""

    @abstractmethod
    def to_host(self, value: Any) -> Array:
        """An array's value on the host; it may be a view."""

    @abstractmethod
    def move(self, graph: str, inputs: Mapping[str, "Array | DeviceArray"]) -> "DeviceArray":
        """The output of `cut`, or of one that joins."""

    def block(self, array: "DeviceArray", spans: Sequence[range]) -> "DeviceArray":
        """A block of an array: these spans of the first of its axes."""
        if all(len(span) == length for span, length in zip(spans, array.shape, strict=False)):
            return array
        starts, stops = (np.array(edges, np.int64) for edges in zip(*((s.start, s.stop) for s in spans), strict=True))
        return self.move(CUT, {"array": array, "starts": starts, "stops": stops})

    def joined(self, arrays: "Iterable[Array | DeviceArray]", axis: int = 0) -> "DeviceArray":
        """Arrays one after the other along the first axis or the second."""
        first, *others = arrays
        joined = first if isinstance(first, DeviceArray) else self.upload(first)
        for other in others:
            joined = self.move(JOIN[axis], {"first": joined, "second": other})
        return joined


class DeviceArray:
    """An array in some memory. Slices and `np.concatenate` leave it there, `np.asarray` copies it to the host."""

    def __init__(self, memory: Memory, value: Any) -> None:
        self.memory, self.value = memory, value

    @property
    def shape(self) -> tuple[int, ...]:
        """As numpy has it."""
        return self.memory.shape(self.value)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, place: "slice | int | tuple[slice | int, ...]") -> "DeviceArray | Array":
        """A block of leading axes. An integer drops its axis, which no graph here does: what is left is copied.

        Raises:
            IndexError: a place of another kind, or a slice that leaves places out.
        """
        places = place if isinstance(place, tuple) else (place,)
        spans = [_span(p, length) for p, length in zip(places, self.shape, strict=False)]
        block = self.memory.block(self, spans)
        if not any(isinstance(p, int) for p in places):
            return block
        found: Array = np.asarray(block)[tuple(0 if isinstance(p, int) else slice(None) for p in places)]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:  # noqa: FBT001  # numpy's signature
        """Copy to the host.

        Raises:
            ValueError: a copy is forbidden.
        """
        if copy is False:
            raise ValueError("an array on a device comes to the host as a copy: leave copy=False out")
        # What is on the host already may be a view, which keeps nothing alive.
        return np.array(self.memory.to_host(self.value), dtype)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """What numpy's functions do with it: all but `np.concatenate` raise TypeError, rather than copy unasked."""
        del types
        return self.memory.joined(*args, **kwargs) if function is np.concatenate else NotImplemented


def _span(place: slice | int, length: int) -> range:
    """The places of an axis that an index means."""
    if isinstance(place, int):
        place = range(length)[place]
        return range(place, place + 1)
    if isinstance(place, slice) and place.step in (None, 1):
        return range(length)[place]
    raise IndexError(f"{place!r} indexes no array on a device: give slices without a step, or np.asarray(it) first")
