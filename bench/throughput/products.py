"""FLOPs of the ONNX operators that multiply and add: two for each product that is summed up.

What works element by element (norms, activations, softmax, gathering) isn't counted.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import onnx

Shape = tuple[int, ...]


def _conv(_node: onnx.NodeProto, inputs: Sequence[Shape], output: Shape) -> int:
    """Each output takes the taps [C_in / groups, ...] of its filter."""
    return 2 * math.prod(output) * math.prod(inputs[1][1:])


def _matmul(_node: onnx.NodeProto, inputs: Sequence[Shape], output: Shape) -> int:
    return 2 * math.prod(output) * inputs[0][-1]


def _gemm(node: onnx.NodeProto, inputs: Sequence[Shape], output: Shape) -> int:
    return 2 * math.prod(output) * inputs[0][0 if _attribute(node, "transA") else 1]


def _einsum(node: onnx.NodeProto, inputs: Sequence[Shape], _output: Shape) -> int:
    """Two operands, or one that is only rearranged."""
    equation = _attribute(node, "equation").decode().replace(" ", "")
    operands = equation.partition("->")[0].split(",")
    if "." in equation or len(operands) > 2:  # noqa: PLR2004 (two operands)
        raise ValueError(f"FLOPs of the einsum {equation!r} aren't known; write it with two operands and no ellipsis")
    if len(operands) == 1:
        return 0
    sizes = {
        letter: size for o, shape in zip(operands, inputs, strict=True) for letter, size in zip(o, shape, strict=True)
    }
    return 2 * math.prod(sizes.values())


COUNTED: Final[Mapping[str, Callable[[onnx.NodeProto, Sequence[Shape], Shape], int]]] = {
    "Conv": _conv,
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Einsum": _einsum,
}
UNCOUNTED: Final = frozenset(
    {"Attention", "ConvInteger", "ConvTranspose", "DeformConv", "GRU", "LSTM", "MatMulInteger", "QLinearConv", "RNN"}
    | {"QLinearMatMul", "FusedMatMul", "If", "Loop", "Scan"}
)
"""Operators that multiply and add, or hold such, and whose FLOPs nobody wrote down here."""


def product_flops(node: onnx.NodeProto, inputs: Sequence[Shape], output: Shape) -> int:
    """FLOPs of one of the operators `COUNTED`.

    Args:
        node: the operator, for its attributes.
        inputs: their shapes.
        output: the shape of its only output.

    Raises:
        ValueError: an einsum is of a kind that isn't counted.
    """
    return COUNTED[node.op_type](node, inputs, output)


def _attribute(node: onnx.NodeProto, name: str) -> Any:
    """An attribute's value; None where the node leaves its default, which is 0 of all that are asked for here."""
    found = next((a for a in node.attribute if a.name == name), None)
    return None if found is None else onnx.helper.get_attribute_value(found)
