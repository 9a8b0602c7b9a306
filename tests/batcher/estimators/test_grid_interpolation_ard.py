import numpy as np
from scipy.optimize import check_grad

from batcher.designs import draw_design
from batcher.estimators import estimate
from batcher.estimators.grid_interpolation import likeliest_rho, profile_deviance
from batcher.estimators.grid_interpolation_ard import _Posterior, relevance
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.interpolation import classes_first, covariance_of_values


def covariance_of(game, designs, axis):
    return covariance_of_values(classes_first(game.on_grid(designs)), axis)


def test_the_slope_is_that_of_the_posterior(unanimity_game, sampled_designs):
    designs = sampled_designs("grid-interpolation-ard", (6, 3, 6), 24, seed=0)
    covariance = covariance_of(unanimity_game(15, terms=30, largest=4), designs, 1)
    posterior = _Posterior(designs[0], covariance / np.trace(covariance))
    for seed in range(5):
        x = np.random.default_rng(seed).normal(scale=0.5, size=7) - [1, *[0] * 6]
        slope = np.linalg.norm(posterior(x)[1])
        assert check_grad(lambda y: posterior(y)[0], lambda y: posterior(y)[1], x) < 1e-4 * slope


def test_players_that_change_little_keep_their_neighbours_values(unanimity_game, sampled_designs):
    whole = unanimity_game(19, terms=30, largest=4)
    terms = whole.terms.copy()
    terms[:, [2, 5]] = False
    left = terms.any(axis=1)
    game = type(whole)(terms[left], whole.worth[left])
    designs = sampled_designs("grid-interpolation-ard", (8, 3, 8), 40, seed=0)
    rho = relevance(designs[0], covariance_of(game, designs, 1))
    assert rho.shape == (8,)
    assert rho[[2, 5]].min() > 0.99
    assert rho[[2, 5]].min() > np.delete(rho, [2, 5]).max()


def test_a_rho_for_each_player_is_no_less_likely_than_one_for_all(network_game, sampled_designs):
    designs = sampled_designs("grid-interpolation-ard", (8, 3, 8), 40, seed=0)
    covariance = covariance_of(network_game(19), designs, 1)
    one, own = likeliest_rho(designs[0], covariance), relevance(designs[0], covariance)
    assert np.ptp(own) > 0
    assert profile_deviance(HammingKernel(designs[0], own), covariance) < profile_deviance(
        HammingKernel(designs[0], one), covariance
    )


def test_where_half_of_the_players_do_nothing_it_errs_less(unanimity_game, sampled_designs):
    whole = unanimity_game(24, terms=60, largest=5)
    terms = whole.terms.copy()
    terms[:, ::2] = False
    left = terms.any(axis=1)
    game = type(whole)(terms[left], whole.worth[left])

    def mean_error(name):
        drawn = [sampled_designs(name, (10, 4, 10), 40, seed) for seed in range(6)]
        return np.mean([np.linalg.norm(estimate(game.on_grid(d), d, estimator=name).phi - game.phi) for d in drawn])

    assert mean_error("grid-interpolation-ard") < 0.5 * mean_error("grid-interpolation")


def test_values_that_never_change_leave_the_common_rho():
    design = draw_design(5, 14, seed=0)
    np.testing.assert_array_equal(relevance(design, np.zeros((14, 14))), likeliest_rho(design, np.zeros((14, 14))))
