"""Makes what ships in `batcher/backends/graphs/`: `python -m mmexplain.device_graphs`. Needs the extra train.

An array of a grid has three axes: rows of one modality, positions or rows of another, features.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from batcher.backends.device import GRAPHS
from batcher.grid.device_array import CUT, JOIN

OPSET: Final = 20
IR_VERSION: Final = 10
"""Those of an artefact's graphs."""


def device_graphs() -> Mapping[str, ModelProto]:
    """The graphs, by name."""
    cut = helper.make_node("Slice", ["array", "starts", "stops"], ["block"])
    bounds = [helper.make_tensor_value_info(name, TensorProto.INT64, ["axes"]) for name in ("starts", "stops")]
    graphs = {CUT: _model(CUT, cut, [_array("array"), *bounds])}
    for axis, name in enumerate(JOIN):
        join = helper.make_node("Concat", ["first", "second"], ["joined"], axis=axis)
        graphs[name] = _model(name, join, [_array("first"), _array("second")])
    return graphs


def write_graphs(folder: Path) -> None:
    """Write each to `<name>.onnx`."""
    folder.mkdir(exist_ok=True)
    for name, model in device_graphs().items():
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def _array(name: str) -> ValueInfoProto:
    """An array whose axes have names of their own: no two of a graph need be equally long."""
    axes = [f"{name}_{axis}" for axis in ("rows", "columns", "features")]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, axes)


def _model(name: str, node: NodeProto, inputs: list[ValueInfoProto]) -> ModelProto:
    graph = helper.make_graph([node], name, inputs, [_array(node.output[0])])
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)


if __name__ == "__main__":
    write_graphs(GRAPHS)
    click.echo(f"wrote {GRAPHS}")
