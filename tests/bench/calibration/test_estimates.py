import numpy as np
import pytest

from batcher.shares import Shares
from bench.accuracy.synthetic import synthetic_game
from bench.calibration.estimates import Estimates, estimate_often
from bench.calibration.games import GAMES

SEEDS = 2000


def estimates(truth, phi, se, shares=()):
    return Estimates(np.array(truth), np.array([0.5, 0.5]), np.array(phi), np.array(se), shares)


def test_nineteen_of_twenty_normal_errors_are_within_their_interval():
    rng = np.random.default_rng(0)
    se = np.array([0.1, 2.0])
    found = estimates([1.0, -1.0], [1.0, -1.0] + se * rng.standard_normal((SEEDS, 2)), np.tile(se, (SEEDS, 1)))
    np.testing.assert_allclose(found.covered(), 0.95, atol=0.015)
    assert found.sure


def test_players_whose_error_is_rounding_are_not_counted():
    phi, se = [[1.0 + 1e-14, 2.5]] * 4, [[0.0, 0.1]] * 4
    np.testing.assert_array_equal(estimates([1.0, 2.0], phi, se).covered(), [0.0])


def test_unbiased_noise_is_added_and_a_posterior_mean_is_shrunk():
    se = np.ones((2, 2))
    added = estimates([1.0, 1.0], [[1.5, 0.5], [0.5, 1.5]], se)
    assert added.noise() == pytest.approx(0)
    # Of a posterior mean the error is uncorrelated with the estimate.
    shrunk = estimates([1.0, 0.5], [[1.0, 0.0]] * 2, se)
    assert shrunk.noise() == pytest.approx(-1)


def test_a_share_is_covered_where_the_truth_lies_between_both_ends():
    ends = [([0.4, 0.4], [0.6, 0.6]), ([0.51, 0.3], [0.7, 0.49]), ([0.2, 0.5], [0.5, 0.8])]
    shares = [Shares(np.full(2, 0.5), np.full(2, 0.5), np.array(low), np.array(high)) for low, high in ends]
    found = estimates([1.0, 1.0], np.ones((3, 2)), np.ones((3, 2)), shares)
    np.testing.assert_allclose(found.shares_covered(), [2 / 3, 2 / 3])
    assert found.half_width() == pytest.approx((0.2 + 0.19 + 0.3) / 6)


def test_estimates_differ_by_their_designs_and_lie_about_the_truth():
    game = synthetic_game("interacting", players=(7, 2, 7))
    found = estimate_often(game, "grid-interpolation", 32, 12)
    assert found.phi.shape == found.se.shape == (12, 16)
    assert len(np.unique(found.phi[:, 0])) == 12
    np.testing.assert_array_equal(found.truth, game.phi)
    assert np.linalg.norm(found.errors.mean(axis=0)) < np.linalg.norm(found.errors, axis=1).mean()
    assert np.linalg.norm(found.errors.mean(axis=0)) < 0.2 * np.linalg.norm(game.phi)


def test_a_part_is_estimated_from_the_same_masks_and_fewer_points():
    game = synthetic_game("interacting", players=(7, 2, 7))
    whole, all_points, part = (
        estimate_often(game, "grid-interpolation", 64, 8, **asked) for asked in ({}, {"part": 1.0}, {"part": 0.3})
    )
    np.testing.assert_array_equal(whole.phi, all_points.phi)
    # Paired by their masks, they differ by less than their errors; fewer points are worth less.
    assert np.linalg.norm(part.phi - whole.phi) < np.linalg.norm(part.errors)
    assert np.linalg.norm(whole.errors) < np.linalg.norm(part.errors) < 2 * np.linalg.norm(whole.errors)
    assert part.sure


def test_all_masks_leave_nobody_in_doubt():
    found = estimate_often(synthetic_game("interacting", players=(4, 2, 4)), "grid-interpolation", 16, 2)
    assert len(found.covered()) == 0
    np.testing.assert_array_equal(found.shares_covered(), 1.0)
    np.testing.assert_allclose(found.plain, np.tile(found.true_shares, (2, 1)), atol=1e-12)


def test_an_estimator_of_a_single_chain_gives_no_errors():
    found = estimate_often(synthetic_game("interacting", players=(7, 2, 7)), "chains", 8, 2)
    assert not found.sure
    assert np.isnan(found.corrected).all()
    assert np.isfinite(found.plain).all()


def test_every_game_has_as_many_values():
    assert {sum(players) for _, players in GAMES.values()} == {24}
