"""ONNX Runtime in this process."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from batcher.backends.device import GRAPHS, DeviceMemory
from batcher.backends.providers import DEVICES, Device, open_session
from batcher.backends.tensorrt import GRAPHS as ENGINES
from batcher.backends.tensorrt import check_precision, tensorrt_options
from batcher.grid import Divided, Grid, GrowingGrid, Maskable, RunEach, Slices, evaluate_grid, in_turn
from batcher.grid.device_array import CUT, JOIN
from export.artefact import Artefact, absent_encodings, load_artefact
from export.names import graph_names
from media.modality import Modality

__all__ = ["DEVICES", "DEVICE_SLICES", "Device", "OnnxRuntimeBackend", "device_memory", "open_graph"]

Array = NDArray[Any]
D = TypeVar("D", bound=Divided)

LOG_ERRORS: Final = 3

DEVICE_SLICES: Final = Slices(
    text_masks=64, audio_masks=16, frames=32, pictures=4096, video_masks=64, pair_masks=128, grid_points=32_768
)
"""The largest of a GPU, where a CPU's would take less time than their kernels take to be launched. By arithmetic: the
largest arrays of the published size are 1 GB each. Not measured on one."""


@dataclass
class OnnxRuntimeBackend:
    """The sessions of one artefact."""

    folder: Path
    artefact: Artefact
    sessions: dict[str, onnxruntime.InferenceSession]
    absent: dict[Modality, Array]
    slices: Slices
    memory: DeviceMemory | None = None
    """Where arrays stay from one graph to the next; None: with numpy, on the host."""

    @classmethod
    def load(
        cls, folder: Path, *, device: Device = "cpu", threads: int = 1, slices: Slices | None = None
    ) -> "OnnxRuntimeBackend":
        """Open an artefact.

        Args:
            folder: the artefact.
            device: where its graphs run.
            threads: threads of a graph on the CPU.
            slices: how much goes into one call.

        Raises:
            ArtefactError: the folder is no artefact.
            BackendError: the device isn't there, or isn't for the artefact's precision.
        """
        artefact = load_artefact(folder)
        slices = slices or (Slices() if device == "cpu" else DEVICE_SLICES)
        if device == "tensorrt":
            check_precision(artefact.precision)
        sessions = {
            name: _open_of(artefact, folder, name, device, threads) for name in graph_names(artefact.modalities)
        }
        memory = None if device == "cpu" else device_memory(device)
        return cls(folder, artefact, sessions, absent_encodings(folder), slices, memory)

    def grid(self, inputs: dict[Modality, Maskable]) -> Grid:
        """Logits of the product grid of one clip's sub-masks."""
        return evaluate_grid(self._staying(), self._placed(inputs), self.absent, self.slices)

    def grow(self, clip: Mapping[Modality, Divided]) -> GrowingGrid:
        """A grid of one clip without sub-masks, which are appended as they are asked for."""
        return GrowingGrid(self._staying(), self._placed(clip), self.absent, self.slices)

    def rest(self) -> None:
        """Keep everything: it is this process's own."""

    def run(self, graph: str, /, **inputs: Array) -> list[Array]:
        """Run one graph on its inputs, by name."""
        outputs: list[Array] = self.sessions[graph].run(
            None, {name: np.ascontiguousarray(value) for name, value in inputs.items()}
        )
        return outputs

    def _staying(self) -> RunEach:
        """Runs the graphs for a grid: outputs stay where they were made."""
        memory, sessions = self.memory, self.sessions
        if memory is None:
            return in_turn(self.run)

        def run(graph: str, /, **inputs: Any) -> list[Any]:
            return memory.run(sessions[graph], inputs)

        return in_turn(run)

    def _placed(self, clip: Mapping[Modality, D]) -> dict[Modality, D]:
        """The clip, on the device but for its frames: each of them goes into one call alone."""
        memory = self.memory
        return {m: d if memory is None or m == "video" else memory.upload_clip(d) for m, d in clip.items()}


def device_memory(device: Device) -> DeviceMemory:
    """Where the arrays of a device's graphs stay. There is one of the CPU too: the same code without a GPU.

    Raises:
        BackendError: the device isn't there.
    """
    # TensorRT's arrays are CUDA's, and it would plan an engine for every length that it is to cut.
    place: Literal["cpu", "cuda"] = "cpu" if device == "cpu" else "cuda"
    return DeviceMemory(
        place, {name: open_graph(GRAPHS / f"{name}.onnx", device=place, threads=1) for name in (CUT, *JOIN)}
    )


def open_graph(
    path: Path, *, device: Device, threads: int, tensorrt: Mapping[str, Any] | None = None
) -> onnxruntime.InferenceSession:
    """A session of one graph.

    Args:
        path: of the graph.
        device: where it runs.
        threads: on the CPU.
        tensorrt: options of TensorRT, where that is the device.

    Raises:
        BackendError: the device isn't there.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = LOG_ERRORS
    # Shapes change from clip to clip: planned memory patterns would only pile up.
    options.enable_mem_pattern = False
    return open_session(path, options, device, tensorrt)


def _open_of(
    artefact: Artefact, folder: Path, graph: str, device: Device, threads: int
) -> onnxruntime.InferenceSession:
    """A session of one of an artefact's graphs."""
    path = folder / f"{graph}.onnx"
    if device == "tensorrt" and graph in ENGINES:
        # Whatever the slices: engines that were built for minutes shouldn't depend on a measurement.
        engines = tensorrt_options(graph, artefact, DEVICE_SLICES)
        return open_graph(path, device=device, threads=threads, tensorrt=engines)
    return open_graph(path, device="cuda" if device == "tensorrt" else device, threads=threads)
