"""What ONNX Runtime is asked for, on machines that have none of it."""

import re
from dataclasses import replace

import onnxruntime
import pytest

from batcher.backends import BackendError
from batcher.backends.onnxruntime import DEVICE_SLICES, OnnxRuntimeBackend, open_graph
from batcher.backends.tensorrt import GRAPHS, cache_folder, tensorrt_options
from export.artefact import load_artefact
from export.names import graph_names

NAMES = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
CUDA_OPTIONS = {
    "cudnn_conv_algo_search": "HEURISTIC",
    "use_tf32": "0",
    "arena_extend_strategy": "kSameAsRequested",
}


@pytest.fixture
def opened(monkeypatch):
    """Every session that is asked for, as (graph, providers); each gets its first choice."""
    asked = []

    class Granted:
        def __init__(self, path, options, providers, **more):
            del options
            asked.append((path.stem, providers, more))
            self.granted = [provider if isinstance(provider, str) else provider[0] for provider in providers]

        def get_providers(self):
            return self.granted

    monkeypatch.setattr(onnxruntime, "InferenceSession", Granted)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(NAMES.values()))
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None)
    return asked


@pytest.fixture
def half(model, monkeypatch):
    """The shipped artefact, said to be in fp16."""
    artefact = replace(load_artefact(model), precision="fp16")
    monkeypatch.setattr("batcher.backends.onnxruntime.load_artefact", lambda _: artefact)
    return artefact


def test_cuda_computes_in_full_searches_no_algorithm_and_takes_what_it_needs(model, opened):
    open_graph(model / "head.onnx", device="cuda", threads=1)
    ((_, providers, more),) = opened
    assert providers == [(NAMES["cuda"], CUDA_OPTIONS), (NAMES["cpu"], {})]
    assert more == {"enable_fallback": 0}


def test_the_cpu_needs_no_library_of_a_gpu(model, opened, monkeypatch):
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: pytest.fail("loaded"))
    open_graph(model / "head.onnx", device="cpu", threads=1)
    assert [providers for _, providers, _ in opened] == [[(NAMES["cpu"], {})]]


def test_arrays_of_a_gpu_stay_there_and_its_slices_are_large(model, opened):
    backend = OnnxRuntimeBackend.load(model, device="cuda")
    assert backend.memory.device == "cuda"
    assert backend.slices == DEVICE_SLICES
    names = [name for name, *_ in opened]
    assert names == [*graph_names(backend.artefact.modalities), "cut", "join_rows", "join_columns"]
    assert {providers[0][0] for _, providers, _ in opened} == {NAMES["cuda"]}


@pytest.mark.usefixtures("half")
def test_tensorrt_gets_the_encoders_with_cuda_behind_it(model, opened):
    backend = OnnxRuntimeBackend.load(model, device="tensorrt")
    assert backend.memory.device == "cuda"
    for name, providers, _ in opened:
        asked = [provider for provider, _ in providers]
        assert asked == [NAMES[d] for d in ("tensorrt", "cuda", "cpu") if d != "tensorrt" or name in GRAPHS]
        if name in GRAPHS:
            assert providers[0][1] == tensorrt_options(name, backend.artefact, DEVICE_SLICES)
        assert dict(providers)[NAMES["cuda"]] == CUDA_OPTIONS


def test_tensorrt_refuses_to_round_an_fp32_artefact(model, opened, monkeypatch):
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    with pytest.raises(BackendError, match="set NVIDIA_TF32_OVERRIDE=0 in the environment, or use --device cuda"):
        OnnxRuntimeBackend.load(model, device="tensorrt")
    assert not opened
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    backend = OnnxRuntimeBackend.load(model, device="tensorrt")
    assert tensorrt_options("text_encoder", backend.artefact, DEVICE_SLICES)["trt_fp16_enable"] is False


@pytest.mark.parametrize(("device", "name"), [("cuda", "CUDA"), ("tensorrt", "TensorRT")])
def test_a_device_without_its_provider_is_refused(model, monkeypatch, device, name):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [NAMES["cpu"]])
    with pytest.raises(BackendError, match=f"no {name} provider; install onnxruntime-gpu, or use --device"):
        open_graph(model / "head.onnx", device=device, threads=1)


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_device_whose_libraries_are_missing_is_refused(model, opened, monkeypatch, device):
    def missing(*_, **__):
        raise RuntimeError("libnvinfer.so.10 is missing")

    monkeypatch.setattr(onnxruntime, "InferenceSession", missing)
    with pytest.raises(BackendError, match=re.escape("(libnvinfer.so.10 is missing)")):
        open_graph(model / "head.onnx", device=device, threads=1)
    assert not opened


def test_engines_of_different_weights_have_different_folders(half, model, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folders = {cache_folder(half), cache_folder(load_artefact(model))}
    assert len(folders) == 2
    assert all(folder.is_relative_to(tmp_path) for folder in folders)
