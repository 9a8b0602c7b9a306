import numpy as np
import pytest
import shap
import shapiq

from batcher.designs import draw_design
from batcher.designs.sampling import add_pairs
from batcher.estimators import estimate


@pytest.mark.parametrize("p", [1, 2, 3, 6, 10])
def test_equals_exact_on_full_enumeration(every_coalition, p):
    coalitions = every_coalition(p)
    values = np.random.default_rng(p).normal(size=(2**p, 3))
    np.testing.assert_allclose(
        estimate(values, coalitions, estimator="kernelshap").phi,
        estimate(values, coalitions, estimator="exact").phi,
        atol=1e-9,
    )


@pytest.mark.parametrize("p", [2, 5, 8])
def test_equals_shap_on_full_enumeration(network_game, every_coalition, p):
    game = network_game(p)
    explainer = shap.KernelExplainer(lambda rows: game(rows > 0), np.zeros((1, p)))
    theirs = explainer.shap_values(np.ones((1, p)), nsamples=2**p, l1_reg=False, silent=True)[0]
    coalitions = every_coalition(p)
    np.testing.assert_allclose(estimate(game(coalitions), coalitions, estimator="kernelshap").phi, theirs, atol=1e-8)


@pytest.mark.parametrize("p", [3, 5, 8])
def test_equals_shapiq_on_full_enumeration(network_game, every_coalition, p):
    game = network_game(p)
    theirs = shapiq.KernelSHAP(n=p, random_state=0).approximate(2**p, lambda rows: game(np.asarray(rows))[:, 0])
    coalitions = every_coalition(p)
    ours = estimate(game(coalitions), coalitions, estimator="kernelshap").phi[:, 0]
    np.testing.assert_allclose(ours, [theirs[(i,)] for i in range(p)], atol=1e-8)


def test_pairs_are_exact_on_games_of_order_two(unanimity_game):
    # Complement pairs cancel every interaction of two (Covert and Lee 2021).
    game = unanimity_game(20, terms=60, largest=2)
    coalitions = draw_design(20, 60, seed=0)
    phi = estimate(game(coalitions), coalitions, estimator="kernelshap").phi
    np.testing.assert_allclose(phi, game.phi, atol=1e-9)


def test_error_falls_with_more_coalitions(unanimity_game):
    game = unanimity_game(20, terms=60, largest=6)

    def mean_error(M):
        designs = [draw_design(20, M, seed) for seed in range(10)]
        phis = [estimate(game(design), design, estimator="kernelshap").phi for design in designs]
        return np.mean([np.linalg.norm(phi - game.phi) for phi in phis]) / np.linalg.norm(game.phi)

    errors = [mean_error(M) for M in (64, 256, 1024)]
    assert errors[1] < 0.7 * errors[0]
    assert errors[2] < 0.7 * errors[1]


def test_four_hundred_players_stay_finite(unanimity_game):
    game = unanimity_game(400, terms=300, largest=20)
    coalitions = add_pairs(np.repeat([[False], [True]], 400, axis=1), 804, np.random.default_rng(0))
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        explanation = estimate(game(coalitions), coalitions, estimator="kernelshap")
    assert np.isfinite(explanation.phi).all()
    assert np.isfinite(list(explanation.diagnostics.values())).all()
    np.testing.assert_allclose(explanation.phi.sum(axis=0), game.phi.sum(axis=0), atol=1e-9)


def test_where_the_coalitions_dont_span_there_are_no_standard_errors(unanimity_game):
    game = unanimity_game(20, terms=30, largest=4)
    few, enough = draw_design(20, 30, seed=0), draw_design(20, 60, seed=0)
    explanation = estimate(game(few), few, estimator="kernelshap")
    assert explanation.diagnostics["rank_deficiency"] > 0
    assert explanation.se is None
    assert estimate(game(enough), enough, estimator="kernelshap").se.min() > 0


def test_sizes_drawn_by_another_law_are_weighted_back(unanimity_game, every_coalition):
    # Every coalition, those of two players three times: the size keeps its mass, so nothing changes.
    game = unanimity_game(6, terms=12, largest=5)
    coalitions = every_coalition(6)
    pairs = coalitions[coalitions.sum(axis=1) == 2]
    more = np.concatenate([coalitions, pairs, pairs])
    explanation = estimate(game(more), more, estimator="kernelshap")
    np.testing.assert_allclose(explanation.phi, game.phi, atol=1e-9)
    assert not explanation.se.any()  # there is nothing that isn't known


def test_a_grid_is_refused(every_coalition):
    designs = (every_coalition(2), every_coalition(1), every_coalition(0))
    with pytest.raises(ValueError, match=r"isn't a uniform sample of each joint size.*use 'grid-kernelshap'"):
        estimate(np.zeros((4, 2, 1, 1)), designs, estimator="kernelshap")


@pytest.mark.parametrize("left_out", [0, -1])
def test_none_and_all_are_needed(every_coalition, left_out):
    coalitions = np.delete(every_coalition(3), left_out, axis=0)
    with pytest.raises(ValueError, match="lacks the coalition of no player, or of every player"):
        estimate(np.zeros((7, 1)), coalitions, estimator="kernelshap")
