import numpy as np
import pytest
import shap

from bench.permutation import antithetic_walk, permutation_values

P = 7


def random_game(seed):
    """Values of all coalitions at random."""
    values = np.random.default_rng(seed).normal(size=1 << P)
    return lambda coalitions: values[(np.asarray(coalitions) > 0) @ (1 << np.arange(P))]


def test_it_estimates_what_shap_estimates_with_the_same_permutation():
    game, asked = random_game(0), []

    def recorded(coalitions):
        asked.extend(coalitions > 0)
        return game(coalitions)

    explainer = shap.PermutationExplainer(recorded, shap.maskers.Independent(np.zeros((1, P))), seed=3)
    explained = explainer(np.ones((1, P)), max_evals=2 * P + 1, silent=True).values[0]
    # The first P + 1 coalitions that shap asks for tell its permutation.
    order = np.argmax(np.diff(np.array(asked[: P + 1]).astype(int), axis=0), axis=1)
    np.testing.assert_array_equal(np.array(asked), antithetic_walk(order))
    np.testing.assert_allclose(permutation_values(game, order), explained, atol=1e-12)


def test_it_evaluates_two_coalitions_for_each_player_and_one():
    assert antithetic_walk(np.arange(P)).shape == (2 * P + 1, P)


def test_additive_games_are_exact_whatever_the_permutation():
    weights = np.linspace(-1, 2, P)
    order = np.random.default_rng(1).permutation(P)
    np.testing.assert_allclose(permutation_values(lambda coalitions: coalitions @ weights, order), weights)


def test_values_add_up_to_what_all_players_add():
    game = random_game(2)
    phi = permutation_values(game, np.random.default_rng(2).permutation(P))
    assert phi.sum() == pytest.approx((game(np.ones((1, P))) - game(np.zeros((1, P))))[0])


def test_a_pair_of_players_is_met_in_both_orders():
    both = permutation_values(lambda coalitions: coalitions.all(axis=1).astype(float), np.array([1, 0]))
    np.testing.assert_allclose(both, [0.5, 0.5])
