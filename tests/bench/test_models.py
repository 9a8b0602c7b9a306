from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from batcher.grid import Maskable, Slices
from batcher.players import players_of
from bench.batched_model import BatchedModel
from bench.game import ClipGame
from bench.whole_model import WholeModel
from export.artefact import Artefact
from export.graphs import HeadGraph, TextGraph
from sseft.heads import values_of
from sseft.presets import tiny
from sseft.untrained import untrained


@pytest.fixture(scope="module")
def coalitions(game):
    rng = np.random.default_rng(0)
    drawn = rng.random((12, game.p)) < rng.random((12, 1))
    return np.concatenate([drawn, drawn[:3], np.zeros((1, game.p)), np.ones((1, game.p))]).astype(float)


def test_masking_the_clip_by_hand_gives_the_enumerated_values(game, backend, coalitions):
    np.testing.assert_allclose(WholeModel(backend, game)(coalitions), game.look_up(coalitions), atol=1e-5)


def test_a_batch_that_shares_encodings_gives_the_enumerated_values(game, backend, coalitions):
    np.testing.assert_allclose(BatchedModel(backend, game)(coalitions), game.look_up(coalitions), atol=1e-5)


def test_masking_by_hand_leaves_the_clip_as_it_was(game, backend):
    before = {modality: content.copy() for modality, content in game.contents.items()}
    WholeModel(backend, game)(np.zeros((1, game.p)))
    for modality, content in game.contents.items():
        np.testing.assert_array_equal(content, before[modality])


def test_the_game_differs_between_coalitions_by_far_more_than_rounding(game):
    assert np.ptp(game.values) > 1e-3


def test_a_modality_that_the_clip_lacks_has_no_players_and_its_constant_encoding(clip, backend):
    players = players_of(replace(clip, sound=None), sample_rate_hz=16_000, video="time")
    game = ClipGame(players, predicted=3)
    assert game.n == (13, 0, 10)
    coalitions = np.random.default_rng(0).random((6, game.p)) < 0.5
    coalitions[0] = True
    keep = {"text": coalitions[:, :13], "video": coalitions[:, 13:]}
    grid = backend.grid({m: Maskable(p.content, p.positions, keep[m]) for m, p in players.items()})
    expected = values_of(grid.logits, "softmax")[np.arange(6), 0, np.arange(6), 3]
    np.testing.assert_allclose(BatchedModel(backend, game)(coalitions), expected, atol=1e-6)


@dataclass
class TextBackend:
    """Graphs of a model that only reads, in PyTorch."""

    artefact: Artefact
    modules: dict
    slices: Slices
    absent: dict

    def run(self, graph, /, **inputs):
        with torch.no_grad():
            return [self.modules[graph](*map(torch.from_numpy, inputs.values())).numpy()]


def test_a_model_of_one_modality_has_a_head_alone(clip, artefact):
    model = untrained(replace(tiny(), modalities=("text",)), 0)
    described = replace(artefact, modalities=("text",))
    modules = {"text_encoder": TextGraph(model), "head": HeadGraph(model, ("text",))}
    backend = TextBackend(described, modules, Slices(), {"text": np.zeros((1, 2, 64), np.float32)})
    players = players_of(replace(clip, sound=None, video=None), sample_rate_hz=16_000, video="time")
    coalitions = np.random.default_rng(1).random((5, 13)) < 0.5
    found = BatchedModel(backend, ClipGame(players, predicted=2))(coalitions)
    for coalition, value in zip(coalitions, found, strict=True):
        ids = clip.text.ids.copy()
        ids[np.flatnonzero(~clip.text.special)[~coalition]] = artefact.tokens.mask_id
        with torch.no_grad():
            logits = model({"text": model.encode_text(torch.from_numpy(ids)[None])})
        assert value == pytest.approx(values_of(logits.numpy(), "softmax")[0, 0, 0, 2], abs=1e-6)
