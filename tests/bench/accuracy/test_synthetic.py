import numpy as np
import pytest

from bench.accuracy.synthetic import CONJUNCTIONS, SYNTHETIC, TERMS, synthetic_game, synthetic_logits

FEW = (3, 2, 3)


def logits_of(name, players=FEW):
    return synthetic_logits(name, players=players)(np.arange(1 << players[0]))


def interactions(values):
    """How far values [K_T, K_A, K_V, C] are from a sum over the modalities."""
    first = values[:1, :1, :1]
    added = values[:, :1, :1] + values[:1, :, :1] + values[:1, :1] - 2 * first
    return np.abs(values - added).max()


def by_terms(values):
    """The Moebius transform over all players of values [2^n_T, 2^n_A, 2^n_V, C]."""
    # Bit i of a row is player i, so axes of a reshaped grid run from a modality's last player to its first.
    terms = values.reshape(*[2] * sum(FEW), -1)
    for axis in range(sum(FEW)):
        without, with_player = np.split(terms, 2, axis=axis)
        terms = np.concatenate([without, with_player - without], axis=axis)
    return terms


@pytest.mark.parametrize("name", SYNTHETIC)
def test_values_are_probabilities_that_differ(name):
    values = synthetic_game(name, players=FEW).values
    assert values.shape == (8, 4, 8)
    assert values.dtype == np.float64
    assert (values > 0).all()
    assert (values < 1).all()
    assert values[-1, -1, -1] > 0.25
    assert values.std() > 0.02


@pytest.mark.parametrize("name", SYNTHETIC)
def test_a_seed_gives_the_same_game_again(name):
    game, again, other = (synthetic_game(name, players=FEW, seed=seed).values for seed in (1, 1, 2))
    np.testing.assert_array_equal(game, again)
    assert not np.allclose(game, other)


def test_independent_modalities_add_up_in_the_logits():
    logits = logits_of("independent")
    assert np.ptp(logits) > 0.1
    assert interactions(logits) < 1e-12


@pytest.mark.parametrize("name", ["interacting", "strongly interacting"])
def test_interacting_modalities_do_not(name):
    logits = logits_of(name)
    assert interactions(logits) > 0.1 * logits.std()


def test_players_of_a_modality_interact_even_where_modalities_do_not():
    text = logits_of("independent")[:, 0, 0]
    assert np.abs(text[3] - text[1] - text[2] + text[0]).max() > 0.01


def test_conjunctions_are_a_few_sets_of_players_some_of_several_modalities():
    terms = np.abs(by_terms(logits_of(CONJUNCTIONS))).max(axis=-1) > 1e-9
    assert 0 < terms.sum() <= TERMS
    text, audio, video = (slice(0, 3), slice(3, 5), slice(5, 8))
    sets = np.argwhere(terms)
    assert any(row[text].any() and row[video].any() for row in sets)
    assert any(row[audio].any() and row[video].any() for row in sets)


@pytest.mark.parametrize("modality", ["text", "audio", "video"])
def test_a_collapsed_game_is_nearly_all_one_modality_s(modality):
    assert 0.90 <= synthetic_game(f"{modality} collapsed").shares()[modality] <= 0.95


def test_the_head_is_evaluated_in_parts_that_do_not_show():
    logits = synthetic_logits("interacting", players=(5, 2, 3))
    whole = logits(np.arange(32))
    np.testing.assert_array_equal(whole[7:11], logits(np.arange(7, 11)))


def test_an_unknown_game_is_refused():
    with pytest.raises(ValueError, match="no synthetic game 'poker'; take one of independent"):
        synthetic_game("poker")
