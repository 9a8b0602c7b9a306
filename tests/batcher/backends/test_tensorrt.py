"""Profiles of TensorRT's engines: whether every call that a clip makes lies within them."""

from dataclasses import replace

import numpy as np
import pytest

from batcher.backends.onnxruntime import DEVICE_SLICES
from batcher.backends.tensorrt import GRAPHS, profile_of, tensorrt_options
from batcher.grid import Maskable, Slices, evaluate_grid, in_turn
from batcher.players import audio_players
from media import Sound

SMALL = Slices(text_masks=3, audio_masks=2, video_masks=4)


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_profile_names_every_input_and_leaves_fixed_axes_alone(backend, graph):
    profile = profile_of(graph, backend.artefact, DEVICE_SLICES)
    described = {given.name: given.shape for given in backend.sessions[graph].get_inputs()}
    assert profile.keys() == described.keys()
    for name, shapes in profile.items():
        for lengths in zip(described[name], *shapes, strict=True):
            fixed, smallest, usual, largest = lengths
            assert 1 <= smallest <= usual <= largest
            assert isinstance(fixed, str) or fixed == smallest == largest


def within(profile, inputs):
    return all(
        smallest <= length <= largest
        for name, shape in inputs.items()
        for length, smallest, largest in zip(shape, profile[name][0], profile[name][2], strict=True)
    )


@pytest.mark.parametrize("bounds", [Slices(), SMALL], ids=["slices", "small slices"])
@pytest.mark.parametrize("length", ["shortest", "longest"])
def test_every_call_of_a_clip_lies_within_the_profiles(backend, bounds, length):
    limits, rng = backend.artefact.preprocessing, np.random.default_rng(0)
    tokens = {"shortest": 3, "longest": limits.max_tokens}[length]
    samples = {"shortest": 1, "longest": limits.max_samples}[length]
    frames = {"shortest": 1, "longest": limits.max_frames}[length]
    sound = audio_players(Sound(np.zeros(samples, np.float32), 0.0, cut=False), limits.sample_rate_hz)
    inputs = {
        "text": Maskable(np.full(tokens, 5), np.arange(tokens) - 1, rng.random((9, max(1, tokens - 1))) < 0.5),
        "audio": Maskable(sound.content, sound.positions, rng.random((9, sound.n)) < 0.5),
        "video": Maskable(
            np.zeros((frames, 3, 256, 256), np.uint8),
            np.zeros((frames, 4, 4), np.int64),
            rng.random((9, 1)) < 0.5,
        ),
    }
    calls = []

    def run(graph, /, **given):
        calls.append((graph, {name: np.shape(value) for name, value in given.items()}))
        masks = len(given.get("keep", given.get("features", ())))
        if graph == "head":
            return [np.zeros((1, 1, 1, 2), np.float32)]
        length = len(given["frames"]) if graph == "video_frames" else 2
        return [np.zeros((masks, length, backend.artefact.dims["video"]), np.float32)]

    for m, masked in inputs.items():
        evaluate_grid(in_turn(run), {m: masked}, {}, bounds)
    assert {graph for graph, _ in calls} >= set(GRAPHS)
    for graph, given in calls:
        if graph in GRAPHS:
            assert within(profile_of(graph, backend.artefact, bounds), given), (graph, given)


def test_options_are_written_as_the_provider_reads_them(artefact, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    options = tensorrt_options("text_encoder", replace(artefact, precision="fp16"), Slices(text_masks=16))
    most = artefact.preprocessing.max_tokens
    assert options["trt_profile_min_shapes"] == "ids:1,player:1,keep:1x1"
    assert options["trt_profile_opt_shapes"] == "ids:24,player:24,keep:16x24"
    assert options["trt_profile_max_shapes"] == f"ids:{most},player:{most},keep:16x{most}"
    assert options["trt_fp16_enable"] is options["trt_layer_norm_fp32_fallback"] is True
    assert options["trt_engine_cache_path"] == options["trt_timing_cache_path"]
    assert options["trt_engine_cache_path"].startswith(str(tmp_path))
