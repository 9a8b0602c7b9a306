import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.estimators import estimate

unhurried = settings(deadline=None)  # a busy machine is no failure
games = st.tuples(st.integers(1, 7), st.integers(0, 2**32 - 1))


def drawn_game(every_coalition, p, seed, classes=3):
    return np.random.default_rng(seed).normal(size=(2**p, classes)), every_coalition(p)


def mean_over_permutations(values, p):
    phi = np.zeros((p, values.shape[1]))
    orders = list(itertools.permutations(range(p)))
    for order in orders:
        code = 0
        for player in order:
            phi[player] += values[code | 1 << player] - values[code]
            code |= 1 << player
    return phi / len(orders)


@pytest.mark.parametrize("p", range(7))
def test_equals_the_mean_over_all_permutations(every_coalition, p):
    values, coalitions = drawn_game(every_coalition, p, seed=p)
    phi = estimate(values, coalitions, estimator="exact").phi
    assert phi.shape == (p, 3)
    np.testing.assert_allclose(phi, mean_over_permutations(values, p), atol=1e-12)


@pytest.mark.parametrize("p", [1, 4, 10, 16])
def test_equals_the_closed_form_of_unanimity_games(unanimity_game, every_coalition, p):
    game = unanimity_game(p, terms=20, largest=p)
    coalitions = every_coalition(p)
    explanation = estimate(game(coalitions), coalitions, estimator="exact")
    np.testing.assert_allclose(explanation.phi, game.phi, atol=1e-10)
    assert not explanation.se.any()


@unhurried
@given(games)
def test_efficiency(every_coalition, game):
    values, coalitions = drawn_game(every_coalition, *game)
    phi = estimate(values, coalitions, estimator="exact").phi
    np.testing.assert_allclose(phi.sum(axis=0), values[-1] - values[0], atol=1e-9)


@unhurried
@given(games, st.data())
def test_dummy(every_coalition, game, data):
    values, coalitions = drawn_game(every_coalition, *game)
    player = data.draw(st.integers(0, game[0] - 1))
    without = np.arange(len(values)) & ~(1 << player)
    phi = estimate(values[without], coalitions, estimator="exact").phi
    np.testing.assert_allclose(phi[player], 0, atol=1e-9)


@unhurried
@given(games, st.data())
def test_symmetry(every_coalition, game, data):
    p, _ = game
    values, coalitions = drawn_game(every_coalition, *game)
    order = np.array(data.draw(st.permutations(range(p))))
    renamed = values[coalitions[:, order] @ (1 << np.arange(p))]  # player i now plays the part of order[i]'s bit
    phi = estimate(values, coalitions, estimator="exact").phi
    np.testing.assert_allclose(estimate(renamed, coalitions, estimator="exact").phi[order], phi, atol=1e-9)


@unhurried
@given(games, st.floats(-3, 3), st.floats(-3, 3))
def test_linearity(every_coalition, game, x, y):
    p, seed = game
    one, coalitions = drawn_game(every_coalition, p, seed)
    other, _ = drawn_game(every_coalition, p, seed + 1)
    phi_one, phi_other, phi_both = (
        estimate(values, coalitions, estimator="exact").phi for values in (one, other, x * one + y * other)
    )
    np.testing.assert_allclose(phi_both, x * phi_one + y * phi_other, atol=1e-9)


@unhurried
@given(games, st.randoms(use_true_random=False))
def test_the_order_of_coalitions_is_free(every_coalition, game, random):
    values, coalitions = drawn_game(every_coalition, *game)
    order = random.sample(range(len(values)), len(values))
    np.testing.assert_array_equal(
        estimate(values[order], coalitions[order], estimator="exact").phi,
        estimate(values, coalitions, estimator="exact").phi,
    )


@pytest.mark.parametrize("sizes", [(2, 1, 3), (0, 2, 2), (3, 0, 0), (0, 0, 0)])
def test_an_enumerated_grid_is_accepted(unanimity_game, every_coalition, sizes):
    designs = tuple(every_coalition(n) for n in sizes)
    game = unanimity_game(sum(sizes), terms=8, largest=4) if sum(sizes) else None
    values = game.on_grid(designs) if game else np.ones((1, 1, 1, 2))
    expected = game.phi if game else np.zeros((0, 2))
    np.testing.assert_allclose(estimate(values, designs, estimator="exact").phi, expected, atol=1e-12)


def test_missing_and_repeated_coalitions_are_counted(every_coalition):
    values, coalitions = drawn_game(every_coalition, 3, seed=0)
    with pytest.raises(ValueError, match=r"8 coalitions of 3 players once: 2 missing, 0 repeated among the 6"):
        estimate(values[:6], coalitions[:6], estimator="exact")
    rows = [0, 1, 2, 3, 4, 5, 6, 6]
    with pytest.raises(ValueError, match="1 missing, 1 repeated"):
        estimate(values[rows], coalitions[rows], estimator="exact")


def test_more_than_sixteen_players_are_refused():
    with pytest.raises(ValueError, match="exact got 17 players and takes at most 16"):
        estimate(np.zeros((2, 1)), np.zeros((2, 17), dtype=bool), estimator="exact")
