import numpy as np
import pytest

from batcher.designs import draw_design
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.multilinear import quadrature
from batcher.estimators.rules import complements, enumeration_rule, interpolation_rule, pair_clusters, undrawn


def shared(kernel, one, other):
    """Covariances of two sets of masks, [len(one), len(other)], no jitter between them."""
    both = HammingKernel(np.concatenate([one, other]), kernel.rho)
    return both.covariance[: len(one), len(one) :]


@pytest.fixture(params=[0.5, 0.9, "own"])
def kernel(request):
    design = draw_design(6, 18, seed=0)
    rho = np.linspace(0.3, 0.95, 6) if request.param == "own" else np.full(6, request.param)
    return HammingKernel(design, rho)


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=18)


def test_a_residual_is_what_is_wrong_without_the_pair(kernel, values):
    rule = interpolation_rule(kernel, quadrature(6)[0])
    residual = rule.residual(values)
    for first in range(0, 18, 2):
        pair = [first, first + 1]
        rest = np.setdiff1d(np.arange(18), pair)
        refitted = HammingKernel(kernel.design[rest], kernel.rho)
        predicted = shared(kernel, kernel.design[pair], kernel.design[rest]) @ refitted.solve(values[rest])
        np.testing.assert_allclose(residual[pair], values[pair] - predicted, atol=1e-6)


def test_a_mask_without_its_complement_is_left_out_alone(kernel, values):
    cut = HammingKernel(kernel.design[:-1], kernel.rho)
    residual = interpolation_rule(cut, quadrature(6)[0]).residual(values[:-1])
    rest = HammingKernel(cut.design[:-1], kernel.rho)
    predicted = shared(kernel, cut.design[-1:], rest.design) @ rest.solve(values[:-2])
    assert residual[-1] == pytest.approx(values[-2] - predicted[0], abs=1e-6)


def test_a_rule_is_the_expectation_of_the_interpolant(kernel, values):
    t = np.array([0.1, 0.5, 0.8])
    rule = interpolation_rule(kernel, t)
    every = draw_design(6, 64, seed=0)
    interpolant = shared(kernel, every, kernel.design) @ kernel.solve(values)
    of_all = enumeration_rule(every, t)
    np.testing.assert_allclose(rule.mean @ values, of_all.mean @ interpolant, atol=1e-6)
    np.testing.assert_allclose(rule.slope @ values, of_all.slope @ interpolant, atol=1e-6)


def test_all_masks_say_what_each_player_adds_in_the_mean():
    t = np.array([0.3])
    rule = enumeration_rule(draw_design(2, 4, seed=0), t)
    np.testing.assert_allclose(rule.mean[0], [0.49, 0.21, 0.21, 0.09])
    np.testing.assert_allclose(rule.slope[0], [[-0.7, 0.7, -0.3, 0.3], [-0.7, -0.3, 0.7, 0.3]])


def test_a_masks_complement_is_found_where_there_is_one():
    design = draw_design(5, 12, seed=0)
    np.testing.assert_array_equal(complements(design), np.arange(12) ^ 1)
    np.testing.assert_array_equal(complements(design[:-1]), [*(np.arange(10) ^ 1), 10])


@pytest.mark.parametrize(("n", "K"), [(5, 20), (6, 40), (7, 30)])
def test_sizes_of_which_all_masks_are_there_bring_no_error(n, K):
    design = draw_design(n, K, seed=0)
    sizes = design.sum(axis=1)
    counts = np.bincount(sizes, minlength=n + 1)
    whole = counts == [len(draw_design(n, 1 << n, 0)[draw_design(n, 1 << n, 0).sum(axis=1) == s]) for s in range(n + 1)]
    assert whole[[0, n]].all()
    np.testing.assert_array_equal(undrawn(design) == 0, whole[sizes])
    clusters = pair_clusters(design)
    assert not clusters[whole[sizes]].any()
    np.testing.assert_allclose(np.square(clusters).sum(axis=1), undrawn(design))
    for column in clusters.T:
        rows = np.flatnonzero(column)
        assert len(rows) == 2
        np.testing.assert_array_equal(design[rows[0]], ~design[rows[1]])


def test_all_masks_bring_no_errors():
    assert pair_clusters(draw_design(4, 16, seed=0)).shape == (16, 0)


def test_a_pair_listed_twice_is_one_pair():
    design = draw_design(8, 20, seed=0)
    clusters = pair_clusters(np.concatenate([design, design[[4, 5]]]))
    assert clusters.shape[1] == pair_clusters(design).shape[1]
    (column,) = (column for column in clusters.T if column[4])
    np.testing.assert_array_equal(np.flatnonzero(column), [4, 5, 20, 21])


def test_masks_listed_twice_are_no_more_than_all_there_are():
    every = draw_design(3, 8, seed=0)
    repeated = np.concatenate([every, every[[1, 1, 6, 6]]])
    np.testing.assert_array_equal(undrawn(repeated), 0)
    assert pair_clusters(repeated).shape == (12, 0)
