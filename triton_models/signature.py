"""What a graph takes and gives, in Triton's terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import onnxruntime
from tritonclient.grpc import model_config_pb2

TYPES: Final = {
    "tensor(bool)": model_config_pb2.TYPE_BOOL,
    "tensor(uint8)": model_config_pb2.TYPE_UINT8,
    "tensor(int64)": model_config_pb2.TYPE_INT64,
    "tensor(float)": model_config_pb2.TYPE_FP32,
}
"""ONNX Runtime's names."""


@dataclass(frozen=True)
class Tensor:
    """An input or output of a graph."""

    name: str
    data_type: int
    axes: tuple[int | str, ...]
    """Lengths, or the names of those that a clip and its sub-masks decide."""

    @property
    def dims(self) -> tuple[int, ...]:
        """As Triton has them: -1 where the length isn't known."""
        return tuple(axis if isinstance(axis, int) else -1 for axis in self.axes)


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of a graph, in its order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @classmethod
    def of(cls, graph: Path) -> "Signature":
        """As the graph's file says."""
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        return cls(_tensors(session.get_inputs()), _tensors(session.get_outputs()))


def _tensors(nodes: Sequence[Any]) -> tuple[Tensor, ...]:
    return tuple(Tensor(node.name, TYPES[node.type], tuple(node.shape)) for node in nodes)
