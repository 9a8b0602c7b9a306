"""The peak of a device: FLOPs a second of a large matrix product, through ONNX Runtime, as the graphs run.

Measured, because a table holds what a chip could do at a clock that it doesn't keep.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper

from batcher.backends.onnxruntime import Device, device_memory, open_graph
from export.artefact import Precision

REPEATS: Final = 10
TYPES: Final = {"fp32": TensorProto.FLOAT, "fp16": TensorProto.FLOAT16}


def matrix_product(device: Device, precision: Precision, size: int, *, threads: int = 1) -> Callable[[], object]:
    """A function that multiplies two [size, size] matrices that lie on the device, once.

    Args:
        device: that computes it.
        precision: of matrices and product; fp32 in full, not in TF32.
        size: of each side.
        threads: on the CPU.

    Raises:
        BackendError: the device isn't there.
    """
    memory = device_memory(device)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "product.onnx"
        onnx.save(_product(precision), path)
        session = open_graph(path, device="cpu" if memory.device == "cpu" else "cuda", threads=threads)
    rng = np.random.default_rng(0)
    dtype = helper.tensor_dtype_to_np_dtype(TYPES[precision])
    inputs = {name: memory.upload(rng.standard_normal((size, size), np.float32).astype(dtype)) for name in ("a", "b")}
    return lambda: memory.run(session, inputs)


def measure_peak(device: Device, precision: Precision, size: int, *, threads: int = 1) -> float:
    """FLOPs a second of the fastest of a few products of two [size, size] matrices that lie on the device.

    Args:
        device: as of `matrix_product`, like the rest.
        precision: of matrices and product.
        size: of each side.
        threads: on the CPU.

    Raises:
        BackendError: the device isn't there.
    """
    multiply = matrix_product(device, precision, size, threads=threads)
    multiply()  # chooses an algorithm
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        multiply()
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds)


def _product(precision: Precision) -> onnx.ModelProto:
    a, b, product = (
        helper.make_tensor_value_info(name, TYPES[precision], [f"{name}_rows", f"{name}_columns"])
        for name in ("a", "b", "product")
    )
    node = helper.make_node("MatMul", ["a", "b"], ["product"])
    graph = helper.make_graph([node], "product", [a, b], [product])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
