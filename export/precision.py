"""float32 graphs to fp16: products in half precision, all that is delicate in float32.

Inputs and outputs of a graph keep their types, so callers don't change. Products take fp16 and return fp16; tensor
cores add them up in float32. What only moves numbers follows the type that it finds. All else is computed in
float32: softmax and the mask before it, norms and their statistics, activations, biases of MatMul, residuals.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import onnx_ir as ir

from export.artefact import ArtefactError

HALF: Final = ir.DataType.FLOAT16
SINGLE: Final = ir.DataType.FLOAT

PRODUCTS: Final = frozenset({"Conv", "Einsum", "Gemm", "MatMul"})
MOVERS: Final = frozenset({"Expand", "Gather", "Reshape", "Shape", "Slice", "Squeeze", "Transpose", "Unsqueeze"})
JOINER: Final = "Concat"
"""Stays in fp16 where all that it joins is."""
CARRIERS: Final = MOVERS | {"LeakyRelu"}
"""What follows the type of its first input. LeakyRelu rounds once more; between float32 casts its maps, the largest
of all graphs, would take three times the memory traffic."""


def to_fp16(model: ir.Model) -> None:
    """Turn a graph into one whose products run in fp16.

    A weight that a product or an embedding takes is stored in fp16 alone. Whatever else takes it sees the rounded
    weight: the sum over a kernel, which stands for the sound's padding, must be the sum of the weights that the
    sound itself meets.

    Args:
        model: a float32 graph; changed in place.

    Raises:
        ArtefactError: a weight is beyond fp16.
    """
    for node in model.graph:
        if node.op_type in PRODUCTS or node.op_type == "Gather":
            for value in node.inputs:
                for origin in _origins(value):
                    _narrow(origin)
    casts = _Casts(model.graph)
    for node in list(model.graph):
        dtype = _computed_in(node)
        casts.convert_inputs(node, dtype)
        for value in node.outputs:
            if value.dtype == SINGLE:
                value.type = ir.TensorType(dtype)
    for index, value in enumerate(model.graph.outputs):
        if value.dtype == HALF:
            cast = _cast(value, SINGLE)
            cast.outputs[0].name, value.name = value.name, f"{value.name}_float16"
            model.graph.append(cast)
            model.graph.outputs[index] = cast.outputs[0]


def round_on_cpu(model: ir.Model) -> None:
    """Make ONNX Runtime round on a CPU where fp16 hardware does, for the parity gate.

    On a CPU it computes fp16 products in float32 between casts of its own, and drops those that undo each other:
    only weights would be rounded, and nothing would overflow. Casts that stand in the graph it keeps.

    Args:
        model: of `to_fp16`; changed in place. Products and LeakyRelu run in float32 then, but take and return
            numbers rounded to fp16.
    """
    casts = _Casts(model.graph)
    for node in list(model.graph):
        if node.op_type not in MOVERS | {JOINER, "Cast"} and node.outputs[0].dtype == HALF:
            casts.convert_inputs(node, SINGLE)
            casts.round_outputs(node)


def _computed_in(node: ir.Node) -> ir.DataType:
    """The floating-point type of a node whose inputs have theirs."""
    if node.op_type == JOINER:
        return HALF if all(value is not None and value.dtype == HALF for value in node.inputs) else SINGLE
    carries = node.op_type in CARRIERS and node.inputs[0] is not None and node.inputs[0].dtype == HALF
    return HALF if node.op_type in PRODUCTS or carries else SINGLE


def _origins(value: ir.Value | None) -> Iterator[ir.Value]:
    """What a value was before it was moved, and joined."""
    node = None if value is None else value.producer()
    if node is not None and node.op_type in MOVERS | {JOINER}:
        for before in node.inputs if node.op_type == JOINER else node.inputs[:1]:
            yield from _origins(before)
    elif value is not None:
        yield value


def _narrow(weight: ir.Value) -> None:
    """Store a weight in fp16. What is no float32 weight stays as it is."""
    if not weight.is_initializer() or weight.const_value is None or weight.dtype != SINGLE:
        return
    exact = weight.const_value.numpy()
    with np.errstate(over="ignore"):
        half = exact.astype(np.float16)
    if not np.isfinite(half).all():
        raise ArtefactError(
            f"the weight {weight.name} holds {np.abs(exact).max():.6g}, and fp16 ends at {np.finfo(np.float16).max}; "
            "export with --precision fp32"
        )
    weight.const_value = ir.tensor(half, name=weight.name)
    weight.type = ir.TensorType(HALF)


class _Casts:
    """The casts of one graph: one for each value and type, however many nodes take it."""

    def __init__(self, graph: ir.Graph) -> None:
        self.graph = graph
        self.made: dict[tuple[ir.Value, ir.DataType], ir.Value] = {}

    def convert_inputs(self, node: ir.Node, dtype: ir.DataType) -> None:
        """Give a node its floating-point inputs in one type. Nodes come in topological order."""
        for index, value in enumerate(node.inputs):
            if value is not None and value.dtype in {HALF, SINGLE} and value.dtype != dtype:
                if (value, dtype) not in self.made:
                    cast = _cast(value, dtype)
                    self.graph.insert_before(node, cast)
                    self.made[value, dtype] = cast.outputs[0]
                node.replace_input_with(index, self.made[value, dtype])

    def round_outputs(self, node: ir.Node) -> None:
        """Compute a node in float32, and give its fp16 result to those who take it."""
        for value in node.outputs:
            value.type = ir.TensorType(SINGLE)
            cast = _cast(value, HALF)
            self.graph.insert_after(node, cast)
            value.replace_all_uses_with(cast.outputs[0])
            cast.replace_input_with(0, value)


def _cast(value: ir.Value, dtype: ir.DataType) -> ir.Node:
    cast = ir.node("Cast", [value], {"to": dtype})
    cast.outputs[0].shape = value.shape
    cast.outputs[0].type = ir.TensorType(dtype)
    return cast
