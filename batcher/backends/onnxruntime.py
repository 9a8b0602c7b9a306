"""ONNX Runtime in this process."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from batcher.backends import BackendError
from batcher.grid import Divided, Grid, GrowingGrid, Maskable, Slices, evaluate_grid
from export.artefact import Artefact, absent_encodings, graph_names, load_artefact
from media.modality import Modality

Array = NDArray[Any]

Device = Literal["cpu", "cuda"]
DEVICES: Final[tuple[Device, ...]] = get_args(Device)

LOG_ERRORS: Final = 3


@dataclass
class OnnxRuntimeBackend:
    """The sessions of one artefact."""

    folder: Path
    artefact: Artefact
    sessions: dict[str, onnxruntime.InferenceSession]
    absent: dict[Modality, Array]
    slices: Slices

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
            BackendError: the device isn't there.
        """
        artefact = load_artefact(folder)
        sessions = {
            name: open_graph(folder / f"{name}.onnx", device=device, threads=threads)
            for name in graph_names(artefact.modalities)
        }
        return cls(folder, artefact, sessions, absent_encodings(folder), slices or Slices())

    def grid(self, inputs: dict[Modality, Maskable]) -> Grid:
        """Logits of the product grid of one clip's sub-masks."""
        return evaluate_grid(self.run, inputs, self.absent, self.slices)

    def grow(self, clip: Mapping[Modality, Divided]) -> GrowingGrid:
        """A grid of one clip without sub-masks, which are appended as they are asked for."""
        return GrowingGrid(self.run, clip, self.absent, self.slices)

    def run(self, graph: str, /, **inputs: Array) -> list[Array]:
        """Run one graph on its inputs, by name."""
        outputs: list[Array] = self.sessions[graph].run(
            None, {name: np.ascontiguousarray(value) for name, value in inputs.items()}
        )
        return outputs


def open_graph(path: Path, *, device: Device, threads: int) -> onnxruntime.InferenceSession:
    """A session of one graph.

    Raises:
        BackendError: the device isn't there. ONNX Runtime itself would go on, slowly, on the CPU.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = LOG_ERRORS
    # Shapes change from clip to clip: planned memory patterns would only pile up.
    options.enable_mem_pattern = False
    providers: list[Any] = ["CPUExecutionProvider"]
    if device == "cuda":
        # The default search tries every algorithm for every new shape.
        providers = [("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"}), *providers]
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise BackendError("this onnxruntime has no CUDA provider; install onnxruntime-gpu, or use --device cpu")
    session = onnxruntime.InferenceSession(path, options, providers=providers)
    if device == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
        raise BackendError("CUDA can't be used on this machine (no GPU, or no driver); use --device cpu")
    return session
