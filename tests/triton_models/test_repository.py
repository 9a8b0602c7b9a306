"""The repository of the shipped artefact: what Triton is told of it, and that `explain` has all it needs."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from tritonclient.grpc import model_config_pb2

from batcher.backends.onnxruntime import DEVICE_SLICES
from batcher.backends.providers import CUDA_OPTIONS
from batcher.backends.tensorrt import GRAPHS as ENGINES
from batcher.backends.tensorrt import tensorrt_options
from batcher.grid.request import GridRequest
from export.artefact import ArtefactError
from export.names import graph_names
from triton_models.config import read_config
from triton_models.deployment import Deployment
from triton_models.repository import TRIAL, write_repository

Group = model_config_pb2.ModelInstanceGroup
TYPES = {"bool": "BOOL", "uint8": "UINT8", "int64": "INT64", "float": "FP32"}
"""Triton's, by ONNX Runtime's."""
NUMPY = {"BOOL": np.bool_, "UINT8": np.uint8, "INT64": np.int64, "FP32": np.float32}
EMPTY = (("cells", "INT64", [-1, 6]), ("slices", "INT64", [7]), ("grid", "INT64", [1]))

IMPORTED = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy
before = set(sys.modules)
import batcher.grid.request
for name in sorted(set(sys.modules) - before):
    print(name, getattr(sys.modules[name], "__file__", None), sep="\\t")
"""


@pytest.fixture(scope="module")
def written(model, tmp_path_factory):
    """Writes the repository for a deployment, and reads its configurations."""

    def build(target="python", **options):
        out = tmp_path_factory.mktemp("repository") / "models"
        write_repository(model, out, Deployment(target, **options))
        return out, {path.parent.name: read_config(path) for path in out.glob("*/config.pbtxt")}

    return build


@pytest.fixture(scope="module")
def python(written):
    return written(instances=3, requests=5, threads=2)


@pytest.fixture(scope="module")
def tensorrt(written):
    return written("container", device="tensorrt", instances=2)


def tensors(place):
    return [(t.name, model_config_pb2.DataType.Name(t.data_type).removeprefix("TYPE_"), list(t.dims)) for t in place]


def of_graph(nodes):
    dims = [[axis if isinstance(axis, int) else -1 for axis in node.shape] for node in nodes]
    return [(n.name, TYPES[n.type[len("tensor(") : -1]], d) for n, d in zip(nodes, dims, strict=True)]


def strings(parameters):
    return {name: value.string_value for name, value in parameters.items()}


@pytest.mark.parametrize("target", ["python", "tensorrt"])
def test_every_graph_is_a_model_of_its_own_inputs_and_outputs(request, target, artefact):
    out, configs = request.getfixturevalue(target)
    moves = {"cut", "join_rows", "join_columns"} if target == "tensorrt" else set()
    graphs = {*graph_names(artefact.modalities), *moves}
    assert set(configs) == {"explain", *graphs}
    for name in graphs:
        session = onnxruntime.InferenceSession(out / name / "1" / "model.onnx", providers=["CPUExecutionProvider"])
        assert tensors(configs[name].input) == of_graph(session.get_inputs())
        assert tensors(configs[name].output) == of_graph(session.get_outputs())


@pytest.mark.parametrize("target", ["python", "tensorrt"])
def test_every_model_is_pinned_to_its_one_version_and_unbatched(request, target):
    out, configs = request.getfixturevalue(target)
    for name, config in configs.items():
        assert config.name == name
        assert list(config.version_policy.specific.versions) == [1]
        assert config.max_batch_size == 0
        assert [path.name for path in (out / name).iterdir() if path.is_dir()] == ["1"]


def test_explain_takes_what_a_request_has_all_of_it_optional(python, artefact):
    inputs = python[1]["explain"].input
    assert all(given.optional for given in inputs)
    assert sorted(tensors(inputs)) == sorted(
        [
            *EMPTY,
            ("ids", "INT64", [-1]),
            ("text_player", "INT64", [-1]),
            ("text_keep", "BOOL", [-1, -1]),
            ("wave", "FP32", [-1]),
            ("audio_player", "INT64", [-1]),
            ("audio_keep", "BOOL", [-1, -1]),
            ("frames", "UINT8", [-1, 3, artefact.preprocessing.image_size, artefact.preprocessing.image_size]),
            ("video_player", "INT64", [-1, 4, 4]),
            ("video_keep", "BOOL", [-1, -1]),
        ]
    )


def test_explain_knows_the_artefact_the_device_and_the_graphs(python, tensorrt, artefact):
    for (_, configs), device, calls in ((python, "cpu", "3"), (tensorrt, "tensorrt", "3")):
        said = strings(configs["explain"].parameters)
        assert (said["artefact"], said["device"], said["calls"]) == (artefact.digest, device, calls)
        graphs = json.loads(said["graphs"])
        assert graphs == {
            name: [o.name for o in config.output] for name, config in configs.items() if name != "explain"
        }


def test_instances_are_where_and_as_many_as_was_said(python, tensorrt):
    def groups(config):
        return [(group.kind, group.count) for group in config.instance_group]

    for (_, configs), of_graphs, of_explain in (
        (python, (Group.KIND_CPU, 3), (Group.KIND_CPU, 5)),
        (tensorrt, (Group.KIND_GPU, 2), (Group.KIND_CPU, 4)),
    ):
        assert groups(configs["explain"]) == [of_explain]
        for name in configs.keys() - {"explain"}:
            assert groups(configs[name]) == [of_graphs]


def test_every_graph_is_warmed_up_with_shapes_that_it_takes(python, backend, artefact):
    _, configs = python
    for name in graph_names(artefact.modalities):
        (warm_up,) = configs[name].model_warmup
        assert list(warm_up.inputs) != []
        given = {}
        for tensor in configs[name].input:
            sample = warm_up.inputs[tensor.name]
            assert (sample.data_type, sample.zero_data) == (tensor.data_type, True)
            assert [d if d > 0 else s for d, s in zip(tensor.dims, sample.dims, strict=True)] == list(sample.dims)
            kind = model_config_pb2.DataType.Name(tensor.data_type).removeprefix("TYPE_")
            given[tensor.name] = np.zeros(list(sample.dims), NUMPY[kind])
        assert all(np.isfinite(output).all() for output in backend.run(name, **given))


def test_without_the_onnxruntime_backend_the_template_runs_each_graph(python, artefact):
    out, configs = python
    for name in graph_names(artefact.modalities):
        assert configs[name].backend == "python"
        assert (out / name / "1" / "model.py").is_file()
        said = strings(configs[name].parameters)
        assert said["threads"] == "2"
        assert json.loads(said["cuda"]) == dict(CUDA_OPTIONS)
        assert not configs[name].optimization.execution_accelerators.gpu_execution_accelerator


def test_in_a_container_its_own_backend_runs_each_graph(tensorrt, artefact):
    out, configs = tensorrt
    for name in graph_names(artefact.modalities):
        assert configs[name].backend == "onnxruntime"
        assert sorted(path.name for path in (out / name / "1").iterdir()) == ["model.onnx"]
        said = strings(configs[name].parameters)
        threads = {"intra_op_thread_count": "1", "inter_op_thread_count": "1"}
        # The last two say again what the accelerator's options say, or the backend would undo those.
        assert said == threads | {
            "enable_mem_pattern": "0",
            "arena_extend_strategy": "1",
            "cudnn_conv_algo_search": "1",
        }
    assert configs["explain"].backend == "python"


def test_tensorrt_has_the_profiles_and_the_precision_of_the_backend_in_process(tensorrt, artefact):
    _, configs = tensorrt
    for name in graph_names(artefact.modalities):
        accelerators = list(configs[name].optimization.execution_accelerators.gpu_execution_accelerator)
        names = [accelerator.name for accelerator in accelerators]
        assert names == (["tensorrt", "cuda"] if name in ENGINES else ["cuda"])
        assert accelerators[-1].parameters.keys() == CUDA_OPTIONS.keys()
        if name in ENGINES:
            options = tensorrt_options(name, artefact, DEVICE_SLICES)
            parameters = dict(accelerators[0].parameters)
            assert parameters["precision_mode"] == ("FP16" if options["trt_fp16_enable"] else "FP32")
            for shapes in ("trt_profile_min_shapes", "trt_profile_opt_shapes", "trt_profile_max_shapes"):
                assert parameters[shapes] == options[shapes]
            assert not {"True", "False"} & set(parameters.values())


def test_cuda_alone_accelerates_where_that_is_the_device(written):
    _, configs = written("container", device="cuda")
    for name in configs.keys() - {"explain"}:
        (accelerator,) = configs[name].optimization.execution_accelerators.gpu_execution_accelerator
        assert accelerator.name == "cuda"
        assert configs[name].instance_group[0].kind == Group.KIND_GPU


def test_half_precision_is_tensorrts_too(tmp_path, model, artefact, monkeypatch):
    monkeypatch.setattr("triton_models.repository.load_artefact", lambda _: replace(artefact, precision="fp16"))
    out = tmp_path / "models"
    write_repository(model, out, Deployment("container", device="tensorrt"))
    modes = {
        accelerator.parameters["precision_mode"]
        for name in ENGINES
        if (out / name).is_dir()
        for accelerator in read_config(
            out / name / "config.pbtxt"
        ).optimization.execution_accelerators.gpu_execution_accelerator
        if accelerator.name == "tensorrt"
    }
    assert modes == {"FP16"}


def test_weights_beside_a_graph_are_there_under_the_name_that_it_asks_for(tmp_path, model, artefact, monkeypatch):
    import onnx  # noqa: PLC0415  # half a second, which other tests needn't wait for

    folder = shutil.copytree(model, tmp_path / "model")
    graph = onnx.load(folder / "head.onnx")
    onnx.save(graph, folder / "head.onnx", save_as_external_data=True, location="head.onnx.data")
    assert (folder / "head.onnx.data").stat().st_size > 0
    monkeypatch.setattr(
        "triton_models.repository.load_artefact",
        lambda _: replace(artefact, files={**artefact.files, "head.onnx.data": "0" * 64}),
    )
    out = tmp_path / "models"
    write_repository(folder, out, Deployment("python"))
    assert (out / "head" / "1" / "head.onnx.data").samefile(folder / "head.onnx.data")
    assert not (out / "text_encoder" / "1" / "text_encoder.onnx.data").exists()
    # It opens.
    onnxruntime.InferenceSession(out / "head" / "1" / "model.onnx", providers=["CPUExecutionProvider"])


def test_graphs_are_linked_and_not_copied(python, model):
    out, _ = python
    if (model / "head.onnx").stat().st_dev == out.stat().st_dev:
        assert (out / "head" / "1" / "model.onnx").samefile(model / "head.onnx")


def test_where_a_link_cant_be_made_it_is_a_copy(tmp_path, model, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("triton_models.repository.os.link", refuse)
    write_repository(model, tmp_path / "models", Deployment("python"))
    copy = tmp_path / "models" / "head" / "1" / "model.onnx"
    assert not copy.samefile(model / "head.onnx")
    assert copy.read_bytes() == (model / "head.onnx").read_bytes()


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path, model):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(ArtefactError, match="isn't empty, and no model repository; give"):
        write_repository(model, tmp_path, Deployment("python"))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_repository_is_replaced_whole(tmp_path, model):
    out = tmp_path / "models"
    write_repository(model, out, Deployment("python", instances=1))
    (out / "head" / "1" / "leftover").touch()
    write_repository(model, out, Deployment("python", instances=3))
    assert read_config(out / "head" / "config.pbtxt").instance_group[0].count == 3
    assert not list(tmp_path.rglob("leftover"))
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_what_is_no_artefact_is_refused(tmp_path):
    with pytest.raises(ArtefactError):
        write_repository(tmp_path, tmp_path / "models", Deployment("python"))
    assert not (tmp_path / "models").exists()


def test_what_explain_carries_needs_numpy_alone(python, tmp_path):
    carried = python[0] / "explain" / "1"
    code = [sys.executable, "-I", "-c", IMPORTED, carried]
    found = subprocess.run(code, capture_output=True, text=True, check=True, cwd=tmp_path)  # noqa: S603  # our own
    modules = dict(line.split("\t") for line in found.stdout.splitlines())
    assert "batcher.grid.growing" in modules
    for name, file in modules.items():
        ours = name.partition(".")[0] in {"batcher", "export", "media", "sseft"}
        assert ours == str(file).startswith(f"{carried}/"), name
        assert ours or name.partition(".")[0] in {*sys.stdlib_module_names, "numpy"}, name


def test_its_trial_is_a_request_by_http(python, artefact):
    body = json.loads((python[0] / TRIAL).read_text())
    arrays = {
        given["name"]: np.array(given["data"], NUMPY[given["datatype"]]).reshape(given["shape"])
        for given in body["inputs"]
    }
    request = GridRequest.read(arrays)
    assert request.clip.keys() == set(artefact.modalities)
    assert request.masks == (3, 3, 3)


@pytest.mark.parametrize("text", ["name: 3", 'nane: "explain"', "instance_group { kind: KIND_TPU }"])
def test_what_triton_wouldnt_understand_is_no_configuration(tmp_path, text):
    path = tmp_path / "config.pbtxt"
    path.write_text(text)
    with pytest.raises(ValueError, match="is no model configuration"):
        read_config(path)
