import numpy as np
import pytest

from batcher.designs import draw_design
from batcher.estimators import estimate
from batcher.estimators.grid_interpolation import RHOS, likeliest_rho, profile_deviance
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.interpolation import classes_first, covariance_of_values

BOTH = ("grid-interpolation", "grid-interpolation-ard")
SPACE_TIME = 400
"""Players of a video whose pictures are cut in space and time."""


def relative_error(phi, truth):
    return np.linalg.norm(phi - truth) / np.linalg.norm(truth)


def test_the_likeliest_correlation_is_that_of_the_game():
    # Values drawn from the prior itself, of many classes: their rho is found.
    design = draw_design(9, 40, seed=0)
    for true in (RHOS[2], RHOS[6]):
        prior = HammingKernel(design, np.full(9, true)).covariance
        values = np.random.default_rng(0).multivariate_normal(np.zeros(40), prior, size=300)
        found = likeliest_rho(design, values.T @ values)
        np.testing.assert_array_equal(found, np.full(9, true))


def test_deviance_is_the_normal_log_likelihood_at_the_likeliest_variance():
    design = draw_design(6, 20, seed=0)
    values = np.random.default_rng(0).normal(size=(20, 7))

    def deviance(rho):
        kernel = HammingKernel(design, np.full(6, rho))
        misfit = np.einsum("kn,kn->", values, np.linalg.solve(kernel.covariance, values))
        variance = misfit / values.size
        log_likelihood = -0.5 * (
            values.size * np.log(2 * np.pi * variance)
            + values.shape[1] * np.linalg.slogdet(kernel.covariance)[1]
            + misfit / variance
        )
        return -2 * log_likelihood / values.shape[1], profile_deviance(kernel, values @ values.T)

    (one, ours), (other, theirs) = deviance(0.5), deviance(0.9)
    assert theirs - ours == pytest.approx(other - one, rel=1e-6)  # but for a constant


def test_the_covariance_of_the_masks_of_each_modality_is_summed_over_all_else():
    values = np.random.default_rng(0).normal(size=(3, 4, 5, 2))
    for axis in (1, 2, 3):
        columns = np.moveaxis(classes_first(values), axis, 0).reshape(values.shape[axis - 1], -1)
        columns -= columns.mean(axis=0)
        np.testing.assert_allclose(covariance_of_values(classes_first(values), axis), columns @ columns.T, atol=1e-12)


@pytest.mark.parametrize("estimator", BOTH)
def test_error_falls_with_more_masks(network_game, sampled_designs, estimator):
    sizes = (6, 3, 6)
    game = network_game(15, seed=2)
    every = tuple(draw_design(n, 1 << n, 0) for n in sizes)
    truth = estimate(game.on_grid(every), every, estimator="exact").phi

    def mean_error(K):
        drawn = [sampled_designs(estimator, sizes, K, seed) for seed in range(8)]
        return np.mean([relative_error(estimate(game.on_grid(d), d, estimator=estimator).phi, truth) for d in drawn])

    errors = [mean_error(K) for K in (16, 28, 48)]
    assert errors[1] < 0.7 * errors[0]
    assert errors[2] < 0.7 * errors[1]
    assert errors[2] < 0.05


@pytest.mark.parametrize("estimator", BOTH)
def test_where_interactions_are_many_it_beats_least_squares_and_chains(unanimity_game, sampled_designs, estimator):
    game = unanimity_game(24, terms=60, largest=6)

    def mean_error(name):
        drawn = [sampled_designs(name, (10, 4, 10), 48, seed) for seed in range(6)]
        return np.mean([relative_error(estimate(game.on_grid(d), d, estimator=name).phi, game.phi) for d in drawn])

    assert mean_error(estimator) < min(mean_error("grid-kernelshap"), 0.5 * mean_error("chains"))


@pytest.mark.parametrize("estimator", BOTH)
def test_diagnostics_say_how_like_the_sampled_masks_are_and_what_was_shared_out(
    unanimity_game, sampled_designs, estimator
):
    game = unanimity_game(19, terms=30, largest=4)
    designs = sampled_designs(estimator, (8, 3, 8), 40, seed=0)
    found = estimate(game.on_grid(designs), designs, estimator=estimator).diagnostics
    assert found.keys() == {"rho_text", "rho_video", "efficiency_gap"}  # the sound's masks are all there
    assert all(0 < found[f"rho_{m}"] < 1 for m in ("text", "video"))
    assert 0 < found["efficiency_gap"] < 1e-3 * np.abs(game.phi).sum()


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize("K", [64, 128])
def test_the_players_of_a_video_in_space_and_time_stay_finite(unanimity_game, estimator, K):
    sizes = (5, 3, SPACE_TIME)
    game = unanimity_game(sum(sizes), terms=200, largest=8)
    designs = tuple(draw_design(n, K, seed=0) for n in sizes)
    values = game.on_grid(designs)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        explanation = estimate(values, designs, estimator=estimator)
    assert np.isfinite(explanation.phi).all()
    assert np.isfinite(explanation.se).all()
    np.testing.assert_allclose(explanation.phi.sum(axis=0), values[-1, -1, 1] - values[0, 0, 0], atol=1e-9)


@pytest.mark.parametrize("estimator", BOTH)
def test_a_game_that_is_the_same_everywhere_has_no_values_and_no_errors(sampled_designs, estimator):
    designs = sampled_designs(estimator, (8, 3, 8), 40, seed=0)
    explanation = estimate(np.full((*map(len, designs), 2), 1 / 7), designs, estimator=estimator)
    # Not even rounding: what is left of it would be shared out among the modalities.
    assert not explanation.phi.any()
    assert not explanation.se.any()


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize(("m", "name"), [(0, "text"), (1, "audio"), (2, "video")])
def test_a_mask_twice_is_refused(estimator, m, name):
    designs = [draw_design(4, 10, seed=0) for _ in range(3)]
    designs[m] = np.concatenate([designs[m], designs[m][3:4]])
    with pytest.raises(ValueError, match=f"the {name} design, .* repeats 1 of its masks: give each once"):
        estimate(np.zeros((*map(len, designs), 1)), tuple(designs), estimator=estimator)


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize(("left_out", "kept"), [(0, 0), (1, 4)])
def test_none_and_all_are_needed(estimator, left_out, kept):
    designs = [draw_design(4, 10, seed=0) for _ in range(3)]
    designs[1] = np.delete(designs[1], left_out, axis=0)
    with pytest.raises(ValueError, match=f"the audio design, .* has no mask that keeps {kept} players: add"):
        estimate(np.zeros((*map(len, designs), 1)), tuple(designs), estimator=estimator)


@pytest.mark.parametrize("estimator", BOTH)
def test_without_any_drawn_pair_nothing_is_said_of_errors(estimator):
    # None, all, and every single player with its complement: no mask could have been another.
    n = 6
    singles = np.eye(n, dtype=bool)
    ends = np.repeat([[False], [True]], n, axis=1)
    for design in (ends, np.concatenate([ends, singles, ~singles])):
        absent = np.zeros((1, 0), dtype=bool)
        values = np.random.default_rng(0).random((len(design), 1, 1, 2))
        found = estimate(values, (design, absent, absent), estimator=estimator)
        assert found.se is None
        assert found.errors is None
        np.testing.assert_allclose(found.phi.sum(axis=0), (values[1] - values[0])[0, 0], atol=1e-9)
