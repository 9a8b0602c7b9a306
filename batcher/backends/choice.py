"""Which backend runs an artefact's graphs, and how: the one place that opens it."""

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, get_args

from batcher.backends import Backend, BackendError
from batcher.backends.onnxruntime import Device, OnnxRuntimeBackend, open_graph
from batcher.backends.triton.addresses import Addresses
from batcher.grid.calls import Slices
from export.artefact import Artefact, load_artefact
from export.names import HEAD

BackendName = Literal["onnxruntime", "openvino", "triton"]
LocalBackend = Literal["onnxruntime", "openvino"]
LOCAL_BACKENDS: Final[tuple[LocalBackend, ...]] = get_args(LocalBackend)
"""Those that run the graphs in a worker's own process."""

ComputePrecision = Literal["fp32", "fp16", "bf16"]
COMPUTE_PRECISIONS: Final[tuple[ComputePrecision, ...]] = get_args(ComputePrecision)


@dataclass(frozen=True)
class BackendChoice:
    """A backend, and how it is to compute."""

    name: BackendName = "onnxruntime"
    device: Device = "cpu"
    precision: ComputePrecision | None = None
    """Of products. None: the artefact's, which ONNX Runtime has no other than."""
    threads: int = 1
    """Of a graph on the CPU."""
    addresses: Addresses | None = None
    """Of Triton's servers."""

    @property
    def in_flight(self) -> int:
        """Clips that a worker has under way at a time: more than one where others compute."""
        return self.addresses.in_flight if self.addresses else 1

    @property
    def uses_cores(self) -> bool:
        """Whether the graphs keep a worker's own cores busy."""
        return self.device == "cpu" and not self.addresses

    @property
    def uses_gpu(self) -> bool:
        """Whether a worker computes on a GPU of its own machine."""
        return self.device != "cpu" and not self.addresses

    def resolved(self, artefact: Artefact) -> "BackendChoice":
        """The choice with the precision that it comes to.

        Raises:
            ValueError: the backend doesn't compute in this precision, on this device, or with this artefact.
        """
        possible: tuple[ComputePrecision, ...] = (artefact.precision,)
        if self.name == "openvino":
            _check_openvino(self, artefact)
            possible = ("fp32", "bf16")
        if (self.name == "triton") != (self.addresses is not None):
            raise ValueError(f"backend is {self.name!r}, addresses {self.addresses}: triton has some, and no other")
        if self.precision not in (None, *possible):
            raise ValueError(
                f"precision is {self.precision!r}, and {self.name} computes this artefact in {' or '.join(possible)}: "
                "leave --precision out, or use another --backend"
            )
        return replace(self, precision=self.precision or possible[0])


def open_backend(folder: Path, choice: BackendChoice | None = None, *, slices: Slices | None = None) -> Backend:
    """Open an artefact.

    Args:
        folder: the artefact.
        choice: by what; None: ONNX Runtime on the CPU.
        slices: how much goes into one call; None: what suits most machines.

    Raises:
        ArtefactError: the folder is no artefact.
        BackendError: what the choice needs isn't here.
        ValueError: the choice doesn't fit the artefact.
    """
    choice = choice or BackendChoice()
    if choice.addresses:
        served: Backend = _triton("backend").TritonBackend.load(folder, choice.addresses, slices=slices)
        return served
    choice = choice.resolved(load_artefact(folder))
    if choice.name == "onnxruntime":
        return OnnxRuntimeBackend.load(folder, device=choice.device, threads=choice.threads, slices=slices)
    backend: Backend = _openvino().OpenVinoBackend.load(
        folder, precision=choice.precision, threads=choice.threads, slices=slices
    )
    return backend


def checked(folder: Path, choice: BackendChoice) -> BackendChoice:
    """Open the smallest graph of an artefact, or try the servers: what is missing is known before anything is written.

    Args:
        folder: the artefact.
        choice: a resolved one.

    Returns:
        The choice, with the servers' device.

    Raises:
        BackendError: what the choice needs isn't here.
    """
    if choice.addresses:
        return replace(choice, device=_triton("trial").Trial.of(folder).check(choice.addresses))
    head = folder / f"{HEAD}.onnx"
    if choice.name == "onnxruntime":
        open_graph(head, device=choice.device, threads=choice.threads)
    else:
        _openvino().compile_graph(head, precision=choice.precision, threads=choice.threads)
    return choice


def _check_openvino(choice: BackendChoice, artefact: Artefact) -> None:
    if choice.device != "cpu":
        raise ValueError(
            f"device is {choice.device!r}, and openvino runs on the CPU alone: use --device cpu, or another --backend"
        )
    if artefact.precision != "fp32":
        raise ValueError(
            f"the artefact's precision is {artefact.precision!r}, and openvino takes fp32, which it rounds itself: "
            "export it again with --precision fp32, or use --backend onnxruntime"
        )


def _triton(module: str) -> Any:
    """A module that needs gRPC, which takes a third of a second to import."""
    return import_module(f"batcher.backends.triton.{module}")


def _openvino() -> ModuleType:
    """The module that needs the extra."""
    try:
        from batcher.backends import openvino  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as error:
        raise BackendError(
            f"{error.name} isn't installed; --backend openvino needs: pip install 'mmexplain[openvino]' "
            "(from a checkout: pip install -e '.[openvino]')"
        ) from error
    return openvino
