"""Arrays that stay on a device from one graph to the next.

A grid asks two things of its arrays between graphs: to be indexed by slices, and to be joined by `np.concatenate`.
Numpy hands both to arrays of other kinds (NEP 18), so `batcher.grid` is the same for arrays that never come to the
host. Two of ONNX Runtime's own operators do them there; their graphs ship with the package (`mmexplain.device_graphs`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession, OrtValue

from batcher.grid.maskable import Divided

Array = NDArray[Any]
D = TypeVar("D", bound=Divided)

DeviceType = Literal["cpu", "cuda"]
"""As ONNX Runtime calls places of memory."""

GRAPHS: Final = Path(__file__).parent / "graphs"
CUT: Final = "cut"
JOIN: Final = ("join_rows", "join_columns")
"""By axis."""


@dataclass(frozen=True)
class DeviceMemory:
    """The memory of one device, and the graphs that move arrays in it."""

    device: DeviceType
    cut: InferenceSession
    """A block of an array, by `starts` and `stops` of its axes."""
    join: tuple[InferenceSession, ...]
    """Two arrays to one, by axis."""

    def upload(self, array: Array) -> "DeviceArray":
        """A copy of a host array; on the CPU the array itself."""
        return DeviceArray(self, OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), self.device, 0))

    def upload_clip(self, divided: D) -> D:
        """What every call of an encoder takes whole; the sub-masks, of which each call takes its own, stay."""
        clip: Any = self.upload(divided.clip)
        player: Any = self.upload(divided.player)
        return replace(divided, clip=clip, player=player)

    def run(self, session: InferenceSession, inputs: Mapping[str, "Array | DeviceArray"]) -> list["DeviceArray"]:
        """Run a graph whose outputs stay here.

        Args:
            session: of the graph.
            inputs: by name; those that stand on the host are uploaded.
        """
        binding = session.io_binding()
        for name, value in inputs.items():
            if isinstance(value, DeviceArray):
                binding.bind_ortvalue_input(name, value.value)
            else:
                binding.bind_cpu_input(name, np.ascontiguousarray(value))
        for output in session.get_outputs():
            binding.bind_output(output.name, self.device)
        # Each session has a stream of its own: nothing may be under way when the next one takes what this one made.
        binding.synchronize_inputs()
        session.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return [DeviceArray(self, value) for value in binding.get_outputs()]

    def block(self, array: "DeviceArray", spans: Sequence[range]) -> "DeviceArray":
        """A block of a float32 array of three axes: these spans of the first of them."""
        if all(len(span) == length for span, length in zip(spans, array.shape, strict=False)):
            return array
        bounds = {"starts": [span.start for span in spans], "stops": [span.stop for span in spans]}
        (cut,) = self.run(self.cut, {"array": array} | {name: np.array(b, np.int64) for name, b in bounds.items()})
        return cut

    def joined(self, arrays: Iterable["Array | DeviceArray"], axis: int = 0) -> "DeviceArray":
        """Float32 arrays of three axes, one after the other along the first axis or the second."""
        first, *others = arrays
        joined = first if isinstance(first, DeviceArray) else self.upload(first)
        for other in others:
            (joined,) = self.run(self.join[axis], {"first": joined, "second": other})
        return joined


class DeviceArray:
    """An array on a device. Slices and `np.concatenate` leave it there, `np.asarray` copies it to the host."""

    def __init__(self, memory: DeviceMemory, value: OrtValue) -> None:
        self.memory, self.value = memory, value

    @property
    def shape(self) -> tuple[int, ...]:
        """As numpy has it."""
        return tuple(self.value.shape())

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
        # On the CPU ONNX Runtime gives a view, which doesn't keep alive what was uploaded.
        return np.array(self.value.numpy(), dtype)

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
