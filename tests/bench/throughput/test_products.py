import numpy as np
import pytest
from onnx import TensorProto, save
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array

from bench.throughput.flops import count_flops, weight_bytes
from bench.throughput.recorded import Form


def saved(path, nodes, inputs, weights=(), **options):
    """A graph of float32 inputs whose every size is free."""
    given = [
        make_tensor_value_info(name, TensorProto.FLOAT, [f"{name}{i}" for i in range(len(shape))])
        for name, shape in inputs.items()
    ]
    made = [make_tensor_value_info("y", TensorProto.FLOAT, None)]
    stored = [from_array(np.ones(shape, np.float32), name) for name, shape in dict(weights).items()]
    graph = make_graph(nodes, "counted", given, made, stored)
    save(make_model(graph, opset_imports=[make_opsetid("", 20)], ir_version=10), path, **options)
    return path


def counted(path, inputs):
    form = Form(path, tuple((name, "float32", shape) for name, shape in inputs.items()))
    return count_flops([form])[form]


CASES = {
    "each output of a convolution takes all taps of all channels": (
        [make_node("Conv", ["x", "w"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1])],
        {"x": (2, 3, 8, 8)},
        {"w": (5, 3, 4, 4)},
        2 * (2 * 5 * 4 * 4) * (3 * 4 * 4),
    ),
    "of a grouped convolution, those of its group": (
        [make_node("Conv", ["x", "w"], ["y"], group=2)],
        {"x": (1, 6, 10)},
        {"w": (4, 3, 3)},
        2 * (4 * 8) * (3 * 3),
    ),
    "a batch of products is so many products": (
        [make_node("MatMul", ["a", "b"], ["y"])],
        {"a": (7, 2, 3, 4), "b": (2, 4, 5)},
        {},
        2 * 7 * 2 * 3 * 4 * 5,
    ),
    "a product with a vector": ([make_node("MatMul", ["a", "b"], ["y"])], {"a": (3, 4), "b": (4,)}, {}, 2 * 3 * 4),
    "a Gemm": ([make_node("Gemm", ["a", "b"], ["y"], transB=1)], {"a": (3, 4), "b": (5, 4)}, {}, 2 * 3 * 4 * 5),
    "a Gemm of a transpose": ([make_node("Gemm", ["a", "b"], ["y"], transA=1)], {"a": (4, 3), "b": (4, 5)}, {}, 120),
    "an einsum takes every combination of its letters once": (
        [make_node("Einsum", ["a", "b"], ["y"], equation="yxhd, hdk -> yxhk")],
        {"a": (2, 3, 4, 5), "b": (4, 5, 6)},
        {},
        2 * 2 * 3 * 4 * 5 * 6,
    ),
    "an einsum of one operand multiplies nothing": (
        [make_node("Einsum", ["a"], ["y"], equation="ij->ji")],
        {"a": (2, 3)},
        {},
        0,
    ),
    "what works element by element isn't counted": ([make_node("Relu", ["a"], ["y"])], {"a": (2, 3)}, {}, 0),
    "shapes are those that the graph itself works out": (
        # a [n, m] times a [k, n], where k x n is the shape that a's own sizes give.
        [
            make_node("Shape", ["a"], ["sizes"]),
            make_node("Expand", ["one", "sizes"], ["wide"]),
            make_node("Transpose", ["wide"], ["tall"]),
            make_node("MatMul", ["a", "tall"], ["y"]),
        ],
        {"a": (3, 11)},
        {"one": ()},
        2 * 3 * 11 * 3,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_flops_are_those_counted_by_hand(case, tmp_path):
    nodes, inputs, weights, expected = CASES[case]
    assert counted(saved(tmp_path / "graph.onnx", nodes, inputs, weights), inputs) == expected


def test_large_weights_are_not_read(tmp_path):
    path = saved(
        tmp_path / "graph.onnx",
        [make_node("MatMul", ["x", "w"], ["y"])],
        {"x": (3, 64)},
        {"w": (64, 32)},
        save_as_external_data=True,
        location="graph.data",
        size_threshold=0,
    )
    (tmp_path / "graph.data").unlink()
    assert counted(path, {"x": (3, 64)}) == 2 * 3 * 64 * 32
    assert weight_bytes(path) == 4 * 64 * 32


def test_a_weight_that_may_decide_on_shapes_is_read_from_beside_the_graph(tmp_path):
    nodes = [
        make_node("Cast", ["w"], ["sizes"], to=TensorProto.INT64),
        make_node("Expand", ["x", "sizes"], ["wide"]),
        make_node("MatMul", ["x", "wide"], ["y"]),
    ]
    options = {"save_as_external_data": True, "location": "graph.data", "size_threshold": 0}
    path = saved(tmp_path / "graph.onnx", nodes, {"x": (1, 1)}, {"w": (2,)}, **options)
    assert counted(path, {"x": (1, 1)}) == 2


def test_each_shape_has_its_count(tmp_path):
    path = saved(tmp_path / "graph.onnx", [make_node("MatMul", ["x", "w"], ["y"])], {"x": (3, 4)}, {"w": (4, 5)})
    forms = [Form(path, (("x", "float32", (rows, 4)),)) for rows in (1, 3, 3)]
    assert count_flops(forms) == {forms[0]: 40, forms[1]: 120}


@pytest.mark.parametrize(
    "node",
    [
        make_node("ConvTranspose", ["x", "w"], ["y"]),
        make_node("FusedMatMul", ["x", "w"], ["y"], domain="com.microsoft"),
        make_node("Einsum", ["x", "w", "w"], ["y"], equation="abc,dbc,ebc->ade"),
        make_node("Einsum", ["x", "w"], ["y"], equation="...c,dbc->...db"),
    ],
)
def test_products_that_nobody_can_count_are_refused(node, tmp_path):
    path = saved(tmp_path / "graph.onnx", [node], {"x": (1, 4, 8)}, {"w": (4, 4, 8)})
    with pytest.raises(ValueError, match="aren't known"):
        counted(path, {"x": (1, 4, 8)})


def test_the_table_of_frames_is_counted_with_its_seams(model, artefact):
    F, K, work = 2, 3, artefact.work
    inputs = (("frames", "uint8", (F, 3, 256, 256)), ("player", "int64", (F, 4, 4)), ("keep", "bool", (K, 16)))
    form = Form(model / "video_frames.onnx", inputs)
    assert count_flops([form])[form] == pytest.approx(F * (work.table + K * work.picture), rel=1e-3)
