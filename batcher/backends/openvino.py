"""OpenVINO in this process, on the CPU."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from batcher.backends import BackendError
from batcher.grid import Divided, Grid, GrowingGrid, Maskable, Slices, evaluate_grid, in_turn
from export.artefact import Artefact, absent_encodings, load_artefact
from export.names import graph_names
from media.modality import Modality

# Importing OpenVINO is reported to its makers' statistics, unless this package seems to be missing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: importing it fails
import openvino  # noqa: E402

Array = NDArray[Any]

Precision = Literal["fp32", "bf16"]
HINTS: Final[Mapping[Precision, str]] = {"fp32": "f32", "bf16": "bf16"}
"""OpenVINO's names. Its default is bf16 wherever the CPU has it."""

CACHED_KERNELS: Final = 64
"""Of a graph, for the shapes of the last clips. OpenVINO keeps 5,000: its memory grows with every new length, by 2 MB a
clip with the shipped sound encoder. With none it grows too, with 64 it doesn't, and no clip takes longer."""


@dataclass
class OpenVinoBackend:
    """The compiled graphs of one artefact."""

    folder: Path
    artefact: Artefact
    graphs: dict[str, openvino.CompiledModel]
    absent: dict[Modality, Array]
    slices: Slices

    @classmethod
    def load(
        cls, folder: Path, *, precision: Precision = "fp32", threads: int = 1, slices: Slices | None = None
    ) -> "OpenVinoBackend":
        """Open an artefact.

        Args:
            folder: the artefact, of fp32.
            precision: in which products and convolutions are computed; inputs and outputs are float32 all the same.
            threads: of a graph.
            slices: how much goes into one call.

        Raises:
            ArtefactError: the folder is no artefact.
            BackendError: the CPU hasn't the precision.
        """
        artefact = load_artefact(folder)
        graphs = {
            name: compile_graph(folder / f"{name}.onnx", precision=precision, threads=threads)
            for name in graph_names(artefact.modalities)
        }
        return cls(folder, artefact, graphs, absent_encodings(folder), slices or Slices())

    def grid(self, inputs: dict[Modality, Maskable]) -> Grid:
        """Logits of the product grid of one clip's sub-masks."""
        return evaluate_grid(in_turn(self.run), inputs, self.absent, self.slices)

    def grow(self, clip: Mapping[Modality, Divided]) -> GrowingGrid:
        """A grid of one clip without sub-masks, which are appended as they are asked for."""
        return GrowingGrid(in_turn(self.run), clip, self.absent, self.slices)

    def rest(self) -> None:
        """Keep everything: it is this process's own."""

    def run(self, graph: str, /, **inputs: Array) -> list[Array]:
        """Run one graph on its inputs, by name."""
        # Shared outputs would be views of buffers that the next call overwrites.
        outputs = self.graphs[graph](
            {name: np.ascontiguousarray(value) for name, value in inputs.items()}, share_outputs=False
        )
        return [outputs[i] for i in range(len(outputs))]


def compile_graph(path: Path, *, precision: Precision, threads: int) -> openvino.CompiledModel:
    """One graph, compiled for this CPU.

    Raises:
        BackendError: the CPU hasn't the precision. OpenVINO itself would compute in float32 without a word.
    """
    if precision == "bf16" and not has_bf16():
        raise BackendError("this CPU has no bf16 (AVX-512 BF16 or AMX); use --precision fp32")
    options = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        # Every process would pin its threads to the same first cores, and workers would wait for one another.
        "ENABLE_CPU_PINNING": False,
        "CPU_RUNTIME_CACHE_CAPACITY": CACHED_KERNELS,
    }
    return _core().compile_model(path, "CPU", options)


def has_bf16() -> bool:
    """Whether this CPU computes in bf16."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@cache
def _core() -> openvino.Core:
    return openvino.Core()
