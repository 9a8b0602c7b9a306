"""Every graph in OpenVINO against ONNX Runtime, and the trap for which that is tested."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from batcher.backends import BackendError
from batcher.backends.openvino import OpenVinoBackend, compile_graph, has_bf16
from batcher.decode import clip_of
from batcher.designs import draw_design
from batcher.grid import Maskable, evaluate_grid, in_turn
from batcher.players import players_of
from export.artefact import ArtefactError
from export.names import graph_names

GRAPHS = graph_names(("text", "audio", "video"))
MOST_ERROR = {"fp32": 1e-5, "bf16": 0.05}
"""Of an output, in parts of what masks change in it. A wrong index gives 1.4."""


@pytest.fixture(scope="module")
def compiled(model):
    """The shipped artefact in a precision."""
    backends = {}

    def load(precision):
        if precision == "bf16" and not has_bf16():
            pytest.skip("this CPU has no bf16")
        if precision not in backends:
            backends[precision] = OpenVinoBackend.load(model, precision=precision)
        return backends[precision]

    return load


@pytest.fixture(scope="module")
def inputs_of(demo_segments, artefact, model):
    """Sub-masks of none, all and random players of so many milliseconds of a clip, divided in space."""

    def build(number, length_ms):
        segment = replace(demo_segments[number], start_ms=1000.0, end_ms=1000.0 + length_ms)
        clip = clip_of(segment, artefact, model)
        players = players_of(clip, sample_rate_hz=16_000, video="space")
        contents = {"text": clip.text.ids, "audio": clip.sound.wave, "video": clip.video.frames}
        return {m: Maskable(contents[m], p.positions, draw_design(p.n, 8, seed=1)) for m, p in players.items()}

    return build


@pytest.fixture(scope="module")
def calls(backend, inputs_of):
    """What ONNX Runtime answers, by graph: inputs and outputs of every call that two clips make."""
    found = {}

    def run(graph, /, **inputs):
        outputs = backend.run(graph, **inputs)
        found.setdefault(graph, []).append((inputs, outputs))
        return outputs

    for number, length_ms in ((0, 400), (1, 1600)):
        inputs = inputs_of(number, length_ms)
        for masked in inputs.values():
            assert {0, masked.keep.shape[1]} <= set(masked.keep.sum(axis=1))
        evaluate_grid(in_turn(run), inputs, backend.absent, backend.slices)
    assert found.keys() == set(GRAPHS)
    return found


@pytest.mark.parametrize("precision", MOST_ERROR)
@pytest.mark.parametrize("graph", GRAPHS)
def test_a_graph_gives_what_onnx_runtime_gives(compiled, calls, graph, precision):
    backend = compiled(precision)
    error, variation = 0.0, 0.0
    for inputs, expected in calls[graph]:
        for found, output in zip(backend.run(graph, **inputs), expected, strict=True):
            assert found.dtype == np.float32
            assert found.shape == output.shape
            error += np.square(found - output).sum()
            variation += np.square(output - output.mean(axis=0)).sum()
    assert np.sqrt(error / variation) < MOST_ERROR[precision]


def test_bf16_rounds_and_fp32_does_not(compiled, backend, inputs_of):
    # OpenVINO's own default is bf16 wherever there is bf16.
    inputs = inputs_of(0, 400)
    expected = backend.grid(inputs).logits
    assert np.abs(compiled("fp32").grid(inputs).logits - expected).max() < 1e-4
    assert 1e-3 < np.abs(compiled("bf16").grid(inputs).logits - expected).max() < 1


def test_a_grid_that_grows_is_the_one_evaluated_at_once(compiled, inputs_of):
    backend, inputs = compiled("fp32"), inputs_of(0, 400)
    growing = backend.grow(inputs)
    for rows in (slice(0, 2), slice(2, 8)):
        for m in ("video", "text", "audio"):
            if len(keep := inputs[m].keep[rows]):
                growing.extend(m, keep)
    np.testing.assert_allclose(growing.grid().logits, backend.grid(inputs).logits, atol=1e-5)


@pytest.mark.parametrize("precision", MOST_ERROR)
def test_what_ran_before_changes_no_bit(model, compiled, inputs_of, precision):
    backend, first, second = compiled(precision), inputs_of(0, 400), inputs_of(1, 1600)
    backend.grid(second)
    after_another = backend.grid(first).logits
    alone = OpenVinoBackend.load(model, precision=precision).grid(first).logits
    np.testing.assert_array_equal(after_another, alone)


def test_an_output_outlives_the_next_call(compiled, calls):
    backend = compiled("fp32")
    (inputs, _), *_ = calls["video_encoder"]
    (first,) = backend.run("video_encoder", **inputs)
    before = first.copy()
    backend.run("video_encoder", features=np.zeros_like(inputs["features"]))
    np.testing.assert_array_equal(first, before)


def mask_index(number):
    """A graph that makes a number of bits: keep bool [K, 16] to index int64 [K, 25], offset + sum of bits times powers.

    Args:
        number: the type in which it is summed.
    """
    cells = np.random.default_rng(0).integers(0, 16, (25, 4))
    powers, offset = np.array([1, 2, 4, 8]), np.array(100)
    kind = helper.tensor_dtype_to_np_dtype(number)
    constants = {
        "cells": cells,
        "powers": powers.astype(kind),
        "axis": np.array([-1]),
        "offset": offset.astype(kind),
    }
    nodes = [
        helper.make_node("Cast", ["keep"], ["bits"], to=number),
        helper.make_node("Gather", ["bits", "cells"], ["gathered"], axis=1),
        helper.make_node("Mul", ["gathered", "powers"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "axis"], ["summed"], keepdims=0),
        helper.make_node("Add", ["summed", "offset"], ["shifted"]),
        helper.make_node("Cast", ["shifted"], ["index"], to=TensorProto.INT64),
    ]
    graph = helper.make_graph(
        nodes,
        "mask_index",
        [helper.make_tensor_value_info("keep", TensorProto.BOOL, ["K", 16])],
        [helper.make_tensor_value_info("index", TensorProto.INT64, ["K", 25])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)

    def expected(keep):
        return (keep[:, cells] * powers).sum(axis=-1) + offset

    return built, expected


@pytest.fixture
def index_by_openvino(tmp_path):
    """OpenVINO's mask index of 64 random sub-masks, and the right one, which ONNX Runtime gives."""

    def run(number, precision):
        built, expected = mask_index(number)
        path = tmp_path / "mask_index.onnx"
        onnx.save(built, path)
        keep = np.random.default_rng(1).random((64, 16)) < 0.5
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        np.testing.assert_array_equal(session.run(None, {"keep": keep})[0], expected(keep))
        return compile_graph(path, precision=precision, threads=1)({"keep": keep})[0], expected(keep)

    return run


@pytest.mark.parametrize("number", [TensorProto.INT64, TensorProto.INT32])
def test_openvino_sums_an_index_of_integers_wrongly(index_by_openvino, number):
    # The trap: where an integer sum is followed by an addition, OpenVINO adds to the first 25 rows of [64, 25] alone,
    # and reports no error. Graphs must sum an index in float32. Once this fails, OpenVINO is mended: then say so in
    # docs/artefact.md, and drop this test, but not the next.
    found, expected = index_by_openvino(number, "fp32")
    np.testing.assert_array_equal(found[:25], expected[:25])
    assert (found[25:] != expected[25:]).all()


@pytest.mark.parametrize("precision", MOST_ERROR)
def test_openvino_sums_an_index_of_floats_rightly(compiled, index_by_openvino, precision):
    compiled(precision)  # bf16 too: it would round an index above 256
    found, expected = index_by_openvino(TensorProto.FLOAT, precision)
    np.testing.assert_array_equal(found, expected)


PINNED = """
import os, sys
from pathlib import Path
import numpy as np
from batcher.backends.openvino import compile_graph
graph = compile_graph(Path(sys.argv[1]), precision="fp32", threads=2)
graph({"features": np.zeros((4, 5, int(sys.argv[2])), np.float32)})
threads = [int(path.name) for path in Path("/proc/self/task").iterdir()]
assert len(threads) > 1
assert all(os.sched_getaffinity(thread) == os.sched_getaffinity(0) for thread in threads)
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads threads from /proc")
def test_no_thread_is_pinned(model, artefact):
    # Of several workers all would be pinned to the same cores; and this process would count fewer for its workers.
    # In a process of its own: those of other tests' sessions may be pinned.
    graph, features = model / "video_encoder.onnx", artefact.dims["video"]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    command = [sys.executable, "-c", PINNED, str(graph), str(features)]
    subprocess.run(command, check=True, env=environment)  # noqa: S603  # our own command


def test_a_cpu_without_bf16_is_refused(model, monkeypatch):
    class Old:
        def get_property(self, *_):
            return ["FP32", "INT8"]

    monkeypatch.setattr("batcher.backends.openvino._core", Old)
    with pytest.raises(BackendError, match=r"this CPU has no bf16 .* use --precision fp32"):
        OpenVinoBackend.load(model, precision="bf16")


def test_nothing_is_reported_to_anyone():
    # By itself `import openvino` sends an event to Google Analytics.
    code = "import sys, batcher.backends.openvino; sys.exit('openvino_telemetry.main' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # our own code


def test_a_folder_that_is_no_artefact_is_refused(tmp_path):
    with pytest.raises(ArtefactError):
        OpenVinoBackend.load(tmp_path)
