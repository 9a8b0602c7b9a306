"""FLOPs of whatever ONNX graphs stand there, for the shapes that they were called with.

A graph's inner shapes come out of its own arithmetic on lengths, which no shape inference follows through all
operators. So a copy of the graph runs once for each set of input shapes, and gives, instead of its outputs, the shapes
of all that its products take and make. Shapes don't depend on weights: the copy has zeros for them.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto
from onnx.external_data_helper import load_external_data_for_tensor
from onnx.helper import make_graph, make_model, make_node, make_tensor_value_info, tensor_dtype_to_np_dtype
from onnx.numpy_helper import from_array

from bench.throughput.products import COUNTED, UNCOUNTED, Shape, product_flops
from bench.throughput.recorded import Form
from bench.throughput.session import session_of

WEIGHTS: Final = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE}
LARGE: Final = 1024
"""Numbers of a weight from which on zeros stand for it; below may be what shapes are reckoned with."""
KEEP: Final = "keep"
PLAYER: Final = "player"
"""Inputs of the encoders."""
SHAPE: Final = ".shape"
TOLD: Final = ".told"
"""Ends of the names that a copy adds."""
ONNX: Final = {"", "ai.onnx"}
"""Names of the domain of ONNX's own operators."""


def count_flops(forms: Iterable[Form], threads: int = 1) -> dict[Form, int]:
    """FLOPs of graphs on inputs of these shapes.

    Args:
        forms: the graphs and their inputs' shapes.
        threads: of the runs that tell shapes, which take as long as the graphs themselves.

    Raises:
        ValueError: a graph has an operator whose products this module can't count.
    """
    by_graph = groupby(sorted(set(forms), key=lambda form: str(form.graph)), key=lambda form: form.graph)
    return {form: flops for graph, some in by_graph for form, flops in _count(graph, some, threads)}


def weight_bytes(graph: Path) -> int:
    """Bytes of a graph's weights and tables."""
    model = onnx.load(graph, load_external_data=False)
    return sum(math.prod(w.dims) * tensor_dtype_to_np_dtype(w.data_type).itemsize for w in model.graph.initializer)


def _count(graph: Path, forms: Iterable[Form], threads: int) -> Iterator[tuple[Form, int]]:
    model = onnx.load(graph, load_external_data=False)
    _check(model, graph)
    nodes = [node for node in model.graph.node if node.op_type in COUNTED]
    names = list(dict.fromkeys(name for node in nodes for name in (*node.input[:2], node.output[0])))
    session = session_of(_telling_shapes(model, names, graph.parent), threads)
    for form in forms:
        found = session.run(None, _inputs(form)) if names else []
        shapes = {name: tuple(map(int, shape)) for name, shape in zip(names, found, strict=True)}
        yield form, sum(_flops(node, shapes) for node in nodes)


def _inputs(form: Form) -> dict[str, NDArray[Any]]:
    """Zeros, but for positions, which belong to each player in turn: undivided frames take fewer products."""
    shapes = {name: shape for name, _, shape in form.inputs}
    players = np.arange(shapes[KEEP][1]) if KEEP in shapes else np.zeros(1)
    return {
        name: np.resize(players, shape).astype(dtype) if name == PLAYER else np.zeros(shape, dtype)
        for name, dtype, shape in form.inputs
    }


def _check(model: onnx.ModelProto, graph: Path) -> None:
    """Raise ValueError for what would be left out of a sum silently."""
    unknown = sorted(
        {node.op_type for node in model.graph.node if node.op_type in UNCOUNTED or node.domain not in ONNX}
    )
    if unknown or model.functions:
        raise ValueError(
            f"{graph} has {', '.join(unknown) or 'functions'}, whose FLOPs aren't known; add them to bench/throughput/"
            "products.py, or export the graph without them"
        )


def _flops(node: NodeProto, shapes: Mapping[str, Shape]) -> int:
    return product_flops(node, [shapes[name] for name in node.input[:2]], shapes[node.output[0]])


def _telling_shapes(model: onnx.ModelProto, names: list[str], folder: Path) -> onnx.ModelProto:
    """The model with zeros for its large weights, whose outputs are the shapes of the named values."""
    kept, zeros = [], []
    for weight in model.graph.initializer:
        if weight.data_type in WEIGHTS and math.prod(weight.dims) >= LARGE:
            kept.append(from_array(np.array(weight.dims, np.int64), weight.name + SHAPE))
            value = from_array(np.zeros(1, tensor_dtype_to_np_dtype(weight.data_type)))
            zeros.append(make_node("ConstantOfShape", [weight.name + SHAPE], [weight.name], value=value))
        else:
            if weight.data_location == TensorProto.EXTERNAL:
                load_external_data_for_tensor(weight, str(folder))
                weight.data_location = TensorProto.DEFAULT
                del weight.external_data[:]
            kept.append(weight)
    outputs = [name + TOLD for name in names]
    asked = [make_node("Shape", [name], [output]) for name, output in zip(names, outputs, strict=True)]
    told = [make_tensor_value_info(output, TensorProto.INT64, [None]) for output in outputs]
    graph = make_graph([*zeros, *model.graph.node, *asked], "shapes", model.graph.input, told, kept)
    return make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
