import numpy as np
import pytest
from scipy.special import betaln

from batcher.designs import draw_design
from batcher.estimators import estimate, multilinear
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.multilinear import contract, quadrature
from batcher.estimators.rules import enumeration_rule, interpolation_rule


@pytest.mark.parametrize("p", [1, 2, 3, 24, 399, 400])
def test_quadrature_integrates_what_owens_integral_holds(p):
    # t^a (1 - t)^b over 0..1 is the Beta function of (a + 1, b + 1).
    t, weights = quadrature(p)
    for size in {0, 1, p // 3, p // 2, p - 1} & set(range(p)):
        for others in {p - 1 - size, (p - 1 - size) // 2}:
            logs = size * np.log(t) + others * np.log1p(-t) - betaln(size + 1, others + 1)
            assert np.exp(logs) @ weights == pytest.approx(1, rel=1e-9)


def grid_and_rules(sizes, K, *, classes=2):
    designs = tuple(draw_design(n, K, m) for m, n in enumerate(sizes))
    t, weights = quadrature(sum(sizes))
    rules = [
        enumeration_rule(design, t)
        if len(design) == 1 << design.shape[1]
        else interpolation_rule(HammingKernel(design, np.full(design.shape[1], 0.8)), t)
        for design in designs
    ]
    grid = np.random.default_rng(0).normal(size=(classes, *map(len, designs)))
    return grid, designs, rules, weights


@pytest.mark.parametrize("sizes", [(3, 2, 4), (0, 3, 3), (5, 0, 0), (1, 1, 1), (4, 4, 2)])
def test_all_masks_contract_to_the_exact_values(sizes):
    grid, designs, rules, weights = grid_and_rules(sizes, 64)
    phi, errors = contract(grid, rules, weights)
    np.testing.assert_allclose(phi, estimate(np.moveaxis(grid, 0, -1), designs, estimator="exact").phi, atol=1e-12)
    assert [part.shape for part in errors] == [(0, sum(sizes), 2)] * 3


@pytest.mark.parametrize("nodes", [1, 2, 3])
def test_how_many_nodes_are_taken_at_a_time_changes_nothing(monkeypatch, nodes):
    grid, _, rules, weights = grid_and_rules((7, 2, 6), 20)
    phi, errors = contract(grid, rules, weights)
    monkeypatch.setattr(multilinear, "BLOCK", nodes * grid.size // min(grid.shape[1:]))
    again, errors_again = contract(grid, rules, weights)
    np.testing.assert_allclose(again, phi, atol=1e-12)
    for one, other in zip(errors, errors_again, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_an_error_is_what_the_residuals_of_its_masks_alone_would_give():
    grid, _, rules, weights = grid_and_rules((6, 3, 5), 16)
    _, errors = contract(grid, rules, weights)
    assert [len(part) > 0 for part in errors] == [True, False, True]
    for axis, (rule, part) in enumerate(zip(rules, errors, strict=True)):
        if rule.clusters is None:
            continue
        left = np.moveaxis(np.tensordot(rule.residuals, grid, axes=(1, axis + 1)), 0, axis + 1)
        shape = [1] * grid.ndim
        for d, counts in enumerate(rule.clusters.T):
            shape[axis + 1] = len(counts)
            alone, _ = contract(left * counts.reshape(shape), rules, weights)
            np.testing.assert_allclose(part[d], alone, atol=1e-10)
