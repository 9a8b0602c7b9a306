"""The sound encoder's graph where it is wav2vec 2.0."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from export.onnx import graphs, save_graph
from sseft.config import Wav2Vec2Config
from sseft.presets import tiny
from sseft.untrained import untrained

PLAYERS = 3
AUDIO = Wav2Vec2Config(dim=24, ffn_dim=40, layers=1, heads=2, channels=(12,) * 7, position_kernel=16, position_groups=2)


@pytest.fixture(scope="module", params=["group", "layer"])
def exported(request, tmp_path_factory, sessions):
    """A model, and its graph."""
    audio = replace(AUDIO, feat_extract_norm=request.param, stable_layer_norm=request.param == "layer")
    model = untrained(replace(tiny(), modalities=("audio",), audio=audio), 0)
    folder = tmp_path_factory.mktemp("wav2vec2")
    (graph,) = (graph for graph in graphs(model) if graph.name == "audio_encoder")
    save_graph(graph, folder / "audio_encoder.onnx")
    return model, sessions(folder, ["audio_encoder"])


@pytest.mark.parametrize(("samples", "masks"), [(1, 1), (399, 2), (400, 1), (5_000, 3), (150_000, 2)])
def test_the_graph_encodes_each_masking_as_pytorch_does_one_masked_by_hand(exported, samples, masks):
    model, graph = exported
    rng = np.random.default_rng(samples)
    wave = rng.normal(0.01, 0.1, samples).astype(np.float32)
    player = np.arange(samples) * PLAYERS // samples
    keep = rng.integers(0, 2, (masks, PLAYERS)).astype(bool)
    keep[0] = False
    encoding = graph.run("audio_encoder", wave=wave, player=player, keep=keep)
    expected = [model.encode_audio(torch.from_numpy(np.where(row[player], wave, np.float32(0)))[None]) for row in keep]
    np.testing.assert_allclose(encoding, torch.cat(expected), rtol=0, atol=2e-5)
