"""How often the true values lie within the stated errors, on one game and 60 designs of each estimator."""

import numpy as np
import pytest

from batcher.designs import draw_design, draw_permutations
from batcher.estimators import Explanation, estimate
from batcher.shares import shares_of

SIZES = (6, 3, 6)
P = sum(SIZES)
SEEDS = 60
NOMINAL = 1.96
"""Half-width of a 95 % interval, in standard errors."""
LEAST_COVERED = 0.85
"""Of the values. Errors half as large would cover 0.61 to 0.8 here, errors twice as large 0.87 to 0.98 by half the
width."""


@pytest.fixture(scope="module")
def game(network_game):
    return network_game(P)


@pytest.fixture(scope="module")
def truth(game):
    every = draw_design(P, 1 << P, 0)
    return estimate(game(every), every, estimator="exact").phi


def covered(explanations, truth):
    """Shares of the values within one and within half of a nominal interval."""
    errors = np.abs([found.phi - truth for found in explanations])
    se = np.array([found.se for found in explanations])
    assert se.min() > 0
    return np.mean(errors <= NOMINAL * se), np.mean(errors <= NOMINAL / 2 * se)


@pytest.mark.parametrize("estimator", ["grid-interpolation", "grid-interpolation-ard", "grid-kernelshap", "chains"])
def test_intervals_cover_on_the_grid(game, truth, sampled_designs, estimator):
    drawn = [sampled_designs(estimator, SIZES, 32, seed) for seed in range(SEEDS)]
    explanations = [estimate(game.on_grid(designs), designs, estimator=estimator) for designs in drawn]
    if estimator == "chains":
        assert explanations[0].diagnostics["chains_text"] == 6
    whole, half = covered(explanations, truth)
    assert whole >= LEAST_COVERED
    assert half < LEAST_COVERED


@pytest.mark.parametrize("estimator", ["kernelshap", "permutation"])
def test_intervals_cover_on_lists(game, truth, estimator):
    draw = draw_permutations if estimator == "permutation" else draw_design
    lists = [draw(P, 8 if estimator == "permutation" else 120, seed) for seed in range(SEEDS)]
    whole, half = covered([estimate(game(some), some, estimator=estimator) for some in lists], truth)
    assert whole >= LEAST_COVERED
    assert half < LEAST_COVERED


@pytest.mark.parametrize("estimator", ["grid-interpolation", "grid-interpolation-ard"])
@pytest.mark.parametrize("K", [48, 64])
def test_an_interpolation_shrinks_weak_players_and_its_shares_are_corrected_for_it(
    unanimity_game, sampled_designs, estimator, K
):
    sizes = (5, 3, 15)
    whole = unanimity_game(sum(sizes), terms=60, largest=6)
    with_text = whole.terms[:, :5].any(axis=1)
    game = type(whole)(whole.terms, np.where(with_text[:, None], 1.0, 0.1) * whole.worth)
    groups = np.repeat([0, 1, 2], sizes)
    video = shares_of(Explanation(game.phi), groups, 0, seed=0).plain[2]
    found = []
    for seed in range(40):
        designs = sampled_designs(estimator, sizes, K, seed)
        found.append(shares_of(estimate(game.on_grid(designs), designs, estimator=estimator), groups, 0, seed))
    plain = np.mean([shares.plain[2] - video for shares in found])
    corrected = np.mean([shares.corrected[2] - video for shares in found])
    assert plain < -0.02
    assert abs(corrected) < 0.85 * abs(plain)  # the more masks, the more of it: at 2 n masks nothing is known
    assert np.mean([shares.low[2] <= video <= shares.high[2] for shares in found]) >= 0.9


@pytest.mark.parametrize("estimator", ["grid-interpolation", "grid-interpolation-ard", "grid-kernelshap", "chains"])
def test_standard_errors_are_the_diagonal_of_the_covariance(game, sampled_designs, estimator):
    designs = sampled_designs(estimator, SIZES, 32, seed=0)
    found = estimate(game.on_grid(designs), designs, estimator=estimator)
    text, audio, video = found.errors
    assert audio.shape == (0, P, 3)  # all 8 masks
    assert text.shape[1:] == video.shape[1:] == (P, 3)
    np.testing.assert_allclose(
        np.square(found.se), np.square(text).sum(axis=0) + np.square(video).sum(axis=0), atol=1e-15
    )
    # Efficiency holds whatever the masks, so the sum of all values has no error.
    for column in range(3):
        assert found.se_of_sum(np.ones(P, dtype=bool), column) == pytest.approx(0, abs=1e-9)


def test_the_error_of_a_sum_counts_what_players_share():
    errors = np.array([[[0.3], [-0.3]], [[0.0], [0.4]]])
    found = Explanation.of_errors(np.zeros((2, 1)), (errors, np.zeros((0, 2, 1))), {})
    np.testing.assert_allclose(found.se[:, 0], [0.3, 0.5])
    assert found.se_of_sum(np.array([True, True]), 0) == pytest.approx(0.4)
    assert found.se_of_sum(np.array([False, True]), 0) == pytest.approx(0.5)


def test_without_what_they_share_the_errors_of_players_add_up_as_independent_ones():
    found = Explanation(np.zeros((2, 1)), se=np.array([[0.3], [0.4]]))
    assert found.se_of_sum(np.array([True, True]), 0) == pytest.approx(0.5)
    assert Explanation(np.zeros((2, 1))).se_of_sum(np.array([True, True]), 0) is None


@pytest.mark.parametrize("columns", [(2,), (0, 2), (1, 0)])
def test_some_classes_keep_their_errors(game, sampled_designs, columns):
    designs = sampled_designs("grid-interpolation", SIZES, 32, seed=0)
    found = estimate(game.on_grid(designs), designs)
    some = found.of_classes(columns)
    for place, column in enumerate(columns):
        np.testing.assert_array_equal(some.phi[:, place], found.phi[:, column])
        np.testing.assert_array_equal(some.se[:, place], found.se[:, column])
        text = np.arange(P) < SIZES[0]
        assert some.se_of_sum(text, place) == found.se_of_sum(text, column) > 0
