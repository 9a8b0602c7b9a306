import itertools

import numpy as np
import pytest
import shap

from batcher.designs import draw_design, draw_permutations
from batcher.estimators import estimate


def walk(order):
    """One permutation forth and back."""
    place = np.argsort(order)
    size = np.arange(len(order) + 1)[:, None]
    return np.concatenate([place < size, place >= size[1:]])


@pytest.mark.parametrize("permutations", [1, 3])
def test_equals_shap_on_the_coalitions_that_it_evaluates(unanimity_game, permutations):
    p = 7
    game = unanimity_game(p, terms=20, largest=6, classes=2)
    asked = []

    def recorded(rows):
        asked.append(rows > 0)
        return game(rows > 0)

    explainer = shap.PermutationExplainer(recorded, shap.maskers.Independent(np.zeros((1, p))), seed=3)
    theirs = explainer(np.ones((1, p)), max_evals=permutations * (2 * p + 1), silent=True).values[0]
    coalitions = np.concatenate(asked)
    assert coalitions.shape == (permutations * (2 * p + 1), p)
    explanation = estimate(game(coalitions), coalitions, estimator="permutation")
    np.testing.assert_allclose(explanation.phi, theirs, atol=1e-12)
    assert explanation.diagnostics == {"permutations": permutations}


def test_the_mean_over_every_permutation_is_exact(every_coalition):
    p = 4
    worth = np.random.default_rng(0).normal(size=(1 << p, 2))
    coalitions = np.concatenate([walk(order) for order in itertools.permutations(range(p))])
    values = worth[coalitions @ (1 << np.arange(p))]
    exact = estimate(worth, every_coalition(p), estimator="exact").phi
    np.testing.assert_allclose(estimate(values, coalitions, estimator="permutation").phi, exact, atol=1e-12)


def test_forth_and_back_is_exact_on_games_of_order_two(unanimity_game):
    game = unanimity_game(20, terms=60, largest=2)
    coalitions = draw_permutations(20, 1, seed=0)
    np.testing.assert_allclose(estimate(game(coalitions), coalitions, estimator="permutation").phi, game.phi, atol=1e-9)


@pytest.mark.parametrize("permutations", [1, 4])
def test_a_dummy_gets_nothing(unanimity_game, permutations):
    game = unanimity_game(9, terms=20, largest=5)
    with_dummy = type(game)(np.insert(game.terms, 4, values=False, axis=1), game.worth)
    coalitions = draw_permutations(10, permutations, seed=0)
    phi = estimate(with_dummy(coalitions), coalitions, estimator="permutation").phi
    np.testing.assert_allclose(phi[4], 0, atol=1e-12)


def test_standard_errors_are_those_of_a_mean_of_permutations(network_game):
    p, R = 6, 5
    game = network_game(p)
    coalitions = draw_permutations(p, R, seed=0)
    apart = [estimate(game(some), some, estimator="permutation").phi for some in coalitions.reshape(R, 2 * p + 1, p)]
    explanation = estimate(game(coalitions), coalitions, estimator="permutation")
    np.testing.assert_allclose(explanation.phi, np.mean(apart, axis=0), atol=1e-12)
    np.testing.assert_allclose(explanation.se, np.std(apart, axis=0, ddof=1) / np.sqrt(R), atol=1e-12)
    (errors,) = explanation.errors
    flat = np.reshape(apart, (R, -1))
    np.testing.assert_allclose(errors.reshape(R, -1).T @ errors.reshape(R, -1), np.cov(flat.T, ddof=1) / R, atol=1e-12)


def test_of_a_single_permutation_there_are_no_standard_errors(network_game):
    coalitions = draw_permutations(6, 1, seed=0)
    assert estimate(network_game(6)(coalitions), coalitions, estimator="permutation").se is None


def test_four_hundred_players_stay_finite(unanimity_game):
    game = unanimity_game(400, terms=300, largest=20)
    coalitions = draw_permutations(400, 2, seed=0)
    with np.errstate(all="raise"):
        phi = estimate(game(coalitions), coalitions, estimator="permutation").phi
    np.testing.assert_allclose(phi.sum(axis=0), game.phi.sum(axis=0), atol=1e-9)


WALK = walk([2, 0, 3, 1])


@pytest.mark.parametrize(
    "coalitions",
    [
        draw_design(4, 14, seed=0),
        WALK[:-1],
        WALK[[0, 1, 3, 2, *range(4, 9)]],
        np.concatenate([WALK[:5], walk([0, 1, 2, 3])[5:]]),  # back in another order
        np.concatenate([WALK, WALK[:3]]),
        WALK[:0],
    ],
)
def test_other_coalitions_are_refused(coalitions):
    with pytest.raises(ValueError, match=r"coalitions of 4 players aren't permutations gone forth and back.* 9 coal"):
        estimate(np.zeros((len(coalitions), 1)), coalitions, estimator="permutation")
