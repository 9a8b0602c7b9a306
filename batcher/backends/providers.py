"""Which of ONNX Runtime's execution providers run a graph on a device, and how."""

from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, Final, Literal, get_args

import onnxruntime

from batcher.backends import BackendError

Device = Literal["cpu", "cuda", "tensorrt"]
DEVICES: Final[tuple[Device, ...]] = get_args(Device)

CPU: Final = "CPUExecutionProvider"
CUDA: Final = "CUDAExecutionProvider"
TENSORRT: Final = "TensorrtExecutionProvider"
PROVIDERS: Final[Mapping[Device, tuple[str, ...]]] = {
    "cpu": (CPU,),
    "cuda": (CUDA, CPU),
    "tensorrt": (TENSORRT, CUDA, CPU),
}
"""Each takes what those before it leave."""

CUDA_OPTIONS: Final[Mapping[str, str]] = {
    # The default search tries every algorithm for every new shape, and hardly two sounds have the same.
    "cudnn_conv_algo_search": "HEURISTIC",
    # The default computes float32 products with 10 bits of mantissa.
    "use_tf32": "0",
    # The default doubles, and an arena never shrinks.
    "arena_extend_strategy": "kSameAsRequested",
}
LACKING: Final[Mapping[Device, str]] = {
    "cuda": "this onnxruntime has no CUDA provider; install onnxruntime-gpu, or use --device cpu",
    "tensorrt": "this onnxruntime has no TensorRT provider; install onnxruntime-gpu, or use --device cuda",
}
UNUSABLE: Final[Mapping[Device, str]] = {
    "cuda": "CUDA can't be used on this machine: it needs a GPU, its driver, CUDA and cuDNN "
    "(pip install 'onnxruntime-gpu[cuda,cudnn]'); use --device cpu",
    "tensorrt": "TensorRT can't be used on this machine: it needs what CUDA needs, and libnvinfer where libraries are "
    "looked for (LD_LIBRARY_PATH); use --device cuda or cpu",
}


def providers_of(device: Device, tensorrt: Mapping[str, Any] | None = None) -> list[tuple[str, dict[str, Any]]]:
    """The providers of a session, with their options, first choice first.

    Args:
        device: where the graph runs.
        tensorrt: options of TensorRT, where that is the device.

    Raises:
        BackendError: this onnxruntime wasn't built with the device's provider.
    """
    names = PROVIDERS[device]
    if names[0] not in onnxruntime.get_available_providers():
        raise BackendError(LACKING[device])
    options: Mapping[str, Mapping[str, Any]] = {CUDA: CUDA_OPTIONS, TENSORRT: tensorrt or {}}
    return [(name, dict(options.get(name, {}))) for name in names]


def open_session(
    path: Path, options: onnxruntime.SessionOptions, device: Device, tensorrt: Mapping[str, Any] | None = None
) -> onnxruntime.InferenceSession:
    """A session that runs on the device, or none: ONNX Runtime itself would go on, slowly, on the CPU.

    Args:
        path: of the graph.
        options: of the session.
        device: where the graph runs.
        tensorrt: options of TensorRT, where that is the device.

    Raises:
        BackendError: the device isn't there.
    """
    providers = providers_of(device, tensorrt)
    if device == "cpu":
        return onnxruntime.InferenceSession(path, options, providers=providers)
    _preload_libraries()
    try:
        # Nor may it leave the device in the middle of a run: rows would differ by what failed before them.
        session = onnxruntime.InferenceSession(path, options, providers=providers, enable_fallback=0)
    except (RuntimeError, ValueError) as error:
        raise BackendError(f"{UNUSABLE[device]} ({str(error).strip()})") from error
    if session.get_providers()[0] != PROVIDERS[device][0]:
        raise BackendError(UNUSABLE[device])
    return session


@cache
def _preload_libraries() -> None:
    """Load CUDA and cuDNN from their Python packages, where they are; what it prints of others is no news."""
    with redirect_stdout(StringIO()):
        onnxruntime.preload_dlls()
