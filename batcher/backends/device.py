"""Arrays that stay on a device from one graph to the next, by ONNX Runtime.

What moves them there are ONNX Runtime's own operators; their graphs ship with the package (`mmexplain.device_graphs`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession, OrtValue

from batcher.grid import Divided
from batcher.grid.device_array import DeviceArray, Memory

Array = NDArray[Any]
D = TypeVar("D", bound=Divided)

DeviceType = Literal["cpu", "cuda"]
"""As ONNX Runtime calls places of memory."""

GRAPHS: Final = Path(__file__).parent / "graphs"


@dataclass(frozen=True)
class DeviceMemory(Memory):
    """The memory of one device, and the sessions of the graphs that move arrays in it."""

    device: DeviceType
    moves: Mapping[str, InferenceSession]

    def upload(self, array: Array) -> DeviceArray:
        """A copy of a host array; on the CPU the array itself."""
        return DeviceArray(self, OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), self.device, 0))

    def shape(self, value: OrtValue) -> tuple[int, ...]:
        """Of an array's value."""
        return tuple(value.shape())

    def to_host(self, value: OrtValue) -> Array:
        """An array's value on the host."""
        found: Array = value.numpy()
        return found

    def move(self, graph: str, inputs: Mapping[str, Array | DeviceArray]) -> DeviceArray:
        """The output of `cut`, or of one that joins."""
        (moved,) = self.run(self.moves[graph], inputs)
        return moved

    def upload_clip(self, divided: D) -> D:
        """What every call of an encoder takes whole; the sub-masks, of which each call takes its own, stay."""
        clip: Any = self.upload(divided.clip)
        player: Any = self.upload(divided.player)
        return replace(divided, clip=clip, player=player)

    def run(self, session: InferenceSession, inputs: Mapping[str, Array | DeviceArray]) -> list[DeviceArray]:
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
