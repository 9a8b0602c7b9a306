import numpy as np
import onnxruntime
import pytest

from batcher.backends import BackendError
from batcher.backends.onnxruntime import OnnxRuntimeBackend, open_graph
from batcher.designs import draw_design
from batcher.grid import Maskable, Slices
from batcher.players import players_of
from export.artefact import ArtefactError


@pytest.fixture(scope="module")
def inputs(clip):
    players = players_of(clip, sample_rate_hz=16_000, video="time")
    contents = {"text": clip.text.ids, "audio": clip.sound.wave, "video": clip.video.frames}
    return {m: Maskable(contents[m], p.positions, draw_design(p.n, 10, seed=1)) for m, p in players.items()}


@pytest.mark.parametrize("slices", [Slices(3, 1, 7, 2, 3, 11), Slices(100, 100, 1000, 100, 100, 10**6)])
def test_slices_bound_memory_and_change_no_logit(model, backend, inputs, slices):
    sliced = OnnxRuntimeBackend.load(model, slices=slices).grid(inputs)
    np.testing.assert_allclose(sliced.logits, backend.grid(inputs).logits, atol=1e-5)


def test_the_same_inputs_give_the_same_bits(model, backend, inputs):
    again = OnnxRuntimeBackend.load(model).grid(inputs)
    np.testing.assert_array_equal(again.logits, backend.grid(inputs).logits)


def test_a_grid_that_grows_is_the_one_evaluated_at_once(backend, inputs):
    growing = backend.grow(inputs)
    for rows in (slice(0, 2), slice(2, 7), slice(7, 10)):
        for m in ("video", "text", "audio"):
            if len(keep := inputs[m].keep[rows]):
                growing.extend(m, keep)
    found, expected = growing.grid(), backend.grid(inputs)
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-6)
    assert found.frames_encoded == expected.frames_encoded
    assert min(found.encode_s, found.grid_s) > 0


def test_a_device_without_its_provider_is_refused(model, monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(BackendError, match="install onnxruntime-gpu, or use --device cpu"):
        OnnxRuntimeBackend.load(model, device="cuda")


def test_a_device_that_onnx_runtime_silently_leaves_is_refused(model, monkeypatch):
    class OnTheCpu:
        def __init__(self, *_, **__):
            pass

        def get_providers(self):
            return ["CPUExecutionProvider"]

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", OnTheCpu)
    with pytest.raises(BackendError, match="CUDA can't be used on this machine"):
        open_graph(model / "head.onnx", device="cuda", threads=1)


def test_a_folder_that_is_no_artefact_is_refused(tmp_path):
    with pytest.raises(ArtefactError):
        OnnxRuntimeBackend.load(tmp_path)
