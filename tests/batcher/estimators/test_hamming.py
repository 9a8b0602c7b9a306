import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.designs import draw_design
from batcher.estimators.hamming import JITTER, TREND, HammingKernel

unhurried = settings(deadline=None, max_examples=30)  # a busy machine is no failure


def covariance_of_two(one, other, rho):
    """The kernel by its definition, jitter aside."""
    signs = np.where(one, 1, -1) * np.where(other, 1, -1)
    return np.prod(rho[one != other]) + TREND * (1 + signs.mean())


@st.composite
def kernels(draw):
    n = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    every = draw_design(n, 1 << n, 0)
    design = every[rng.permutation(1 << n)[: rng.integers(1, (1 << n) + 1)]]
    return HammingKernel(design, rng.uniform(0.05, 0.99, size=n))


@unhurried
@given(kernels())
def test_the_covariance_is_the_kernels_and_positive_definite(kernel):
    expected = [[covariance_of_two(one, other, kernel.rho) for other in kernel.design] for one in kernel.design]
    np.testing.assert_allclose(kernel.covariance, expected + JITTER * np.eye(len(expected)), rtol=1e-12)
    np.testing.assert_array_equal(kernel.covariance, kernel.covariance.T)
    assert np.linalg.eigvalsh(kernel.covariance).min() > JITTER / 2


@unhurried
@given(kernels())
def test_solutions_and_the_determinant_are_the_covariances(kernel):
    right = np.random.default_rng(0).normal(size=(len(kernel.design), 2))
    np.testing.assert_allclose(kernel.covariance @ kernel.solve(right), right, atol=1e-6)
    sign, log = np.linalg.slogdet(kernel.covariance)
    assert sign == 1
    assert kernel.log_determinant == pytest.approx(log, abs=1e-6)


@unhurried
@given(kernels(), st.lists(st.floats(0, 1), min_size=1, max_size=3))
def test_means_and_slopes_are_expectations_over_all_coalitions(kernel, nodes):
    n, t = kernel.design.shape[1], np.array(nodes)
    every = draw_design(n, 1 << n, 0)
    size = every.sum(axis=1)
    shared = np.array([[covariance_of_two(mask, other, kernel.rho) for mask in kernel.design] for other in every])
    drawn = t[:, None] ** size * (1 - t[:, None]) ** (n - size)
    np.testing.assert_allclose(kernel.means(t), drawn @ shared, rtol=1e-10)
    for i in range(n):
        without = np.flatnonzero(~every[:, i])
        others = t[:, None] ** size[without] * (1 - t[:, None]) ** (n - 1 - size[without])
        slope = others @ (shared[without + (1 << i)] - shared[without])
        np.testing.assert_allclose(kernel.slopes(t)[:, i], slope, atol=1e-10)


def test_four_hundred_players_neither_overflow_nor_vanish():
    kernel = HammingKernel(draw_design(400, 64, seed=0), np.full(400, 0.996))
    t = np.array([1e-6, 0.5, 1 - 1e-6])
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        found = kernel.means(t), kernel.slopes(t), kernel.solve(np.eye(64))
    assert all(np.isfinite(some).all() and some.any() for some in found)
