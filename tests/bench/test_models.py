import numpy as np
import pytest

from bench.batched_model import BatchedModel
from bench.whole_model import WholeModel


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
