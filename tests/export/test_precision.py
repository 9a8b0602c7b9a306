"""Graphs in fp16: which nodes, how far from float32, and what can't be stored."""

import shutil
from itertools import product

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import mmexplain
from batcher.backends.onnxruntime import OnnxRuntimeBackend
from export.artefact import ArtefactError, load_artefact
from export.parity import TOLERANCE_FP16, ParityError, measure_parity
from export.precision import round_on_cpu, to_fp16
from export.sessions import Sessions
from media.modality import MODALITIES
from sseft.untrained import untrained

PRODUCTS = {"Conv", "Einsum", "Gemm", "MatMul"}
DELICATE = {
    *("Softmax", "LayerNormalization", "ReduceMean", "ReduceSum", "Sqrt", "Reciprocal", "Pow", "Log"),
    *("Gelu", "Tanh", "Relu", "Add", "Sub", "Mul", "Div"),
}


@pytest.fixture(scope="module")
def half(resave, tmp_path_factory):
    """The shipped artefact in fp16, past the gate."""
    return resave(tmp_path_factory.mktemp("half") / "model", to_fp16, precision="fp16")


@pytest.fixture(scope="module")
def half_graphs(half):
    """Each graph, every value's type inferred anew and strictly."""
    graphs = [onnx.load(path) for path in sorted(half.glob("*.onnx"))]
    return [onnx.shape_inference.infer_shapes(graph, check_type=True, strict_mode=True).graph for graph in graphs]


def types_of(graph):
    values = [*graph.value_info, *graph.input, *graph.output]
    return {v.name: v.type.tensor_type.elem_type for v in values} | {w.name: w.data_type for w in graph.initializer}


def floats(names, types):
    return [types[name] for name in names if name and types[name] in {TensorProto.FLOAT, TensorProto.FLOAT16}]


# Which nodes


def test_every_product_takes_and_returns_fp16(half_graphs):
    for graph in half_graphs:
        types = types_of(graph)
        products = [node for node in graph.node if node.op_type in PRODUCTS]
        assert products
        for node in products:
            assert set(floats([*node.input, *node.output], types)) == {TensorProto.FLOAT16}, node.name


def test_softmax_norms_activations_and_sums_are_float32(half_graphs):
    seen = set()
    for graph in half_graphs:
        types = types_of(graph)
        for node in graph.node:
            if node.op_type in DELICATE:
                assert TensorProto.FLOAT16 not in floats([*node.input, *node.output], types), node.name
                seen.add(node.op_type)
    assert seen >= {"Softmax", "LayerNormalization", "ReduceMean", "Log", "Gelu", "Tanh", "Add"}


def test_inputs_and_outputs_are_those_of_the_graph_in_float32(demo, half):
    for path in demo.glob("*.onnx"):
        whole, halved = (onnxruntime.InferenceSession(folder / path.name) for folder in (demo, half))
        for of in ("get_inputs", "get_outputs"):
            expected = [(node.name, node.type, node.shape) for node in getattr(whole, of)()]
            assert [(node.name, node.type, node.shape) for node in getattr(halved, of)()] == expected


def weight_bytes(path):
    """Of floats; indices stay what they are."""
    floats = {TensorProto.FLOAT: 4, TensorProto.FLOAT16: 2}
    return sum(floats.get(w.data_type, 0) * int(np.prod(w.dims)) for w in onnx.load(path).graph.initializer)


def test_a_matrix_is_stored_once_and_in_fp16(demo, half):
    for path in half.glob("*.onnx"):
        graph = onnx.load(path).graph
        # The weights of a mask's bits are added up in float32: they are an index.
        summed = {name for node in graph.node if node.op_type == "Mul" for name in node.input}
        matrices = [w for w in graph.initializer if len(w.dims) > 1 and min(w.dims) > 1 and w.name not in summed]
        types = {w.data_type for w in matrices}
        assert TensorProto.FLOAT16 in types
        assert TensorProto.FLOAT not in types, path.name
        assert weight_bytes(path) < weight_bytes(demo / path.name) * 0.75


def test_nothing_is_cast_twice_or_there_and_back(half_graphs):
    for graph in half_graphs:
        types, casts = types_of(graph), {}
        for node in graph.node:
            if node.op_type == "Cast" and types[node.output[0]] in {TensorProto.FLOAT, TensorProto.FLOAT16}:
                assert (node.input[0], types[node.output[0]]) not in casts.values()
                casts[node.output[0]] = (node.input[0], types[node.output[0]])
        halved = {name for name, (_, to) in casts.items() if to == TensorProto.FLOAT16}
        assert not halved & {source for source, _ in casts.values()}
        assert not (casts.keys() - halved) & {casts[name][0] for name in halved}


def test_the_sound_s_padding_meets_the_weights_that_the_sound_meets(half):
    graph = onnx.load(half / "audio_encoder.onnx").graph
    by_output = {name: node for node in graph.node for name in node.output}
    kernels = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    sums = [node for node in graph.node if node.op_type == "ReduceSum"]
    assert sums
    for node in sums:
        assert by_output[node.input[0]].op_type == "Cast"
        assert by_output[node.input[0]].input[0] in kernels


# How far from float32


def test_an_artefact_in_fp16_passed_its_gate(half_build_of):
    built = half_build_of(MODALITIES)
    artefact = load_artefact(built.folder)
    assert artefact == built.artefact
    assert artefact.precision == "fp16"
    assert 1e-6 < artefact.parity <= TOLERANCE_FP16, "fp16 rounds, and the gate sees it"


def test_the_gate_of_float32_refuses_it(half_build_of):
    built = half_build_of(("text",))
    with pytest.raises(ParityError, match=r"logits differ from PyTorch's by .*, more than 1e-04"):
        measure_parity(built.model, built.folder)


def test_graphs_of_other_weights_are_refused_in_fp16_too(half_build_of, small_config):
    built = half_build_of(("text",))
    with pytest.raises(ParityError, match=r"values differ .*, more than 2e-03.*needs --precision fp32"):
        measure_parity(untrained(small_config("text"), 1), built.folder, precision="fp16")


@pytest.mark.parametrize("name", ["text_encoder", "audio_encoder", "video_frames"])
def test_nothing_and_all_masked_are_finite_and_close(half, demo_graphs, name):
    given = {
        "text_encoder": {"ids": np.array([0, 7, 8, 2]), "player": np.array([-1, 0, 1, -1])},
        "audio_encoder": {"wave": np.full(700, 1e-4, np.float32), "player": np.arange(700) % 2},
        "video_frames": {
            "frames": np.full((1, 3, 256, 256), 255, np.uint8),
            "player": (np.arange(16) % 2).reshape(1, 4, 4),
        },
    }[name]
    keep = np.array(list(product([False, True], repeat=2)))
    session = onnxruntime.InferenceSession(half / f"{name}.onnx", providers=["CPUExecutionProvider"])
    got = session.run(None, given | {"keep": keep})[0]
    expected = demo_graphs.run(name, **given, keep=keep)
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got, expected, rtol=0, atol=0.01 * np.abs(expected).max())


def test_a_clip_of_the_demo_is_explained_as_in_float32(half, segment, backend, cheap):
    exact = mmexplain.explain(segment, backend, cheap)
    explained = mmexplain.explain(segment, OnnxRuntimeBackend.load(half), cheap)
    assert explained.players == exact.players
    np.testing.assert_allclose(explained.estimate.phi, exact.estimate.phi, rtol=0, atol=TOLERANCE_FP16)


# Rounding on a CPU, which the gate needs


def product_graph(weights):
    """x [n, 4] @ weights [4, 3] + 0."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Add", ["y", "zero"], ["out"])]
    shapes = {"x": ["n", 4], "y": ["n", 3], "out": ["n", 3]}
    x, y, out = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items())
    stored = {"w": weights, "zero": np.zeros(3, np.float32)}
    initializers = [numpy_helper.from_array(values, name) for name, values in stored.items()]
    graph = helper.make_graph(nodes, "product", [x], [out], initializers, value_info=[y])
    return ir.from_proto(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10))


def run_rounded(model, x):
    to_fp16(model)
    round_on_cpu(model)
    session = onnxruntime.InferenceSession(ir.to_proto(model).SerializeToString())
    return session.run(None, {"x": x})[0]


def test_operands_and_results_of_a_product_are_rounded():
    rng = np.random.default_rng(0)
    x, weights = (rng.normal(size=shape).astype(np.float32) for shape in ((50, 4), (4, 3)))
    operands = (values.astype(np.float16).astype(np.float64) for values in (x, weights))
    expected = np.matmul(*operands).astype(np.float16)
    np.testing.assert_allclose(run_rounded(product_graph(weights), x), expected, rtol=2**-10, atol=0)
    assert (run_rounded(product_graph(weights), x) == expected).mean() > 0.98  # the rest lay between two numbers


def test_a_product_beyond_fp16_is_infinite():
    x = np.full((1, 4), 300, np.float32)
    weights = np.array([[100, 10, -100]] * 4, np.float32)
    np.testing.assert_array_equal(run_rounded(product_graph(weights), x), [[np.inf, 12_000, -np.inf]])


def scale_and_back(model):
    """The same function: the last product 60,000 times as large as its largest weight, then divided."""
    last = [node for node in model.graph if node.op_type == "MatMul"][-1]
    exact = last.inputs[1].const_value.numpy()
    scale = 60_000 / np.abs(exact).max()
    last.inputs[1].const_value = ir.tensor(exact * scale, name=last.inputs[1].name)
    divisor = ir.Value(name="scale", const_value=ir.tensor(np.float32(scale), name="scale"))
    model.graph.register_initializer(divisor)
    back = ir.node("Div", [last.outputs[0], divisor])
    back.outputs[0].type = ir.TensorType(ir.DataType.FLOAT)
    model.graph.insert_after(last, back)
    last.outputs[0].replace_all_uses_with(back.outputs[0])
    back.replace_input_with(0, last.outputs[0])


def test_a_number_beyond_fp16_is_refused_though_a_cpu_computes_it(half_build_of, build_of, tmp_path):
    built = half_build_of(("text",))
    folder = shutil.copytree(built.folder, tmp_path / "model")
    model = ir.load(build_of(("text",)).folder / "head.onnx")
    scale_and_back(model)
    to_fp16(model)
    ir.save(model, folder / "head.onnx")
    text = np.random.default_rng(0).normal(size=(100, 64)).astype(np.float32)
    assert np.isfinite(Sessions(folder, ["head"]).run("head", text)).all()
    assert not np.isfinite(Sessions(folder, ["head"], rounded=True).run("head", text)).all()
    with pytest.raises(ParityError, match=r"hold nan or infinity; no artefact was written; .* --precision fp32"):
        measure_parity(built.model, folder, precision="fp16")


# What can't be stored


@pytest.mark.parametrize("value", [65_536, -1e6, np.inf, np.nan])
def test_a_weight_beyond_fp16_is_refused_by_its_name(value):
    weights = np.ones((4, 3), np.float32)
    weights[1, 2] = value
    with pytest.raises(ArtefactError, match=r"the weight w holds .*, and fp16 ends at 65504.*--precision fp32"):
        to_fp16(product_graph(weights))


def test_the_largest_weight_of_fp16_is_stored():
    model = product_graph(np.full((4, 3), 65_504, np.float32))
    to_fp16(model)
    assert model.graph.initializers["w"].const_value.numpy().max() == 65_504
