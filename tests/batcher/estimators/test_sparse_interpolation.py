"""Estimates from a part of a grid, held against the dense posterior of a Gaussian process at its points."""

import numpy as np
import pytest

from batcher.designs import draw_design, draw_ordered, sparse_grid
from batcher.estimators import SparseGrid, SparseValues, estimate
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.multilinear import quadrature
from batcher.estimators.rules import undrawn
from batcher.estimators.sparse_interpolation import fit_and_interpolate_sparse

BOTH = ("grid-interpolation", "grid-interpolation-ard")
SIZES = (20, 18, 16)
LEVELS = ((4, 8, 12), (6, 10), (4, 8))
RHOS = (0.8, 0.9, 0.85)


def on_part(every, grid):
    return SparseValues(grid, tuple(every[cell] for cell in grid.cells))


def drawn(sizes, levels, seed=0):
    return tuple(draw_ordered(n, ends, seed + n) for n, ends in zip(sizes, levels, strict=True))


class Dense:
    """The posterior mean of phi at any points of a grid, by one matrix of all of them."""

    def __init__(self, designs, rhos, points):
        kernels = [HammingKernel(d, np.full(d.shape[1], rho)) for d, rho in zip(designs, rhos, strict=True)]
        self.rows = np.nonzero(points)
        self.covariance = np.ones((len(self.rows[0]),) * 2)
        for kernel, rows in zip(kernels, self.rows, strict=True):
            self.covariance *= kernel.covariance[np.ix_(rows, rows)]
        t, weights = quadrature(sum(design.shape[1] for design in designs))
        means = [kernel.means(t)[:, rows] for kernel, rows in zip(kernels, self.rows, strict=True)]
        slopes = [kernel.slopes(t)[:, :, rows] for kernel, rows in zip(kernels, self.rows, strict=True)]
        self.towards_phi = np.concatenate(
            [np.einsum("g,gij,gj,gj->ij", weights, slopes[m], means[(m + 1) % 3], means[(m + 2) % 3]) for m in range(3)]
        )

    def phi(self, values, *, without=(None, ())):
        """[p, C] from values [K_T, K_A, K_V, C], without some rows of one modality."""
        axis, rows = without
        kept = np.ones(len(self.covariance), bool) if axis is None else ~np.isin(self.rows[axis], rows)
        solved = np.linalg.solve(self.covariance[np.ix_(kept, kept)], values[self.rows][kept])
        return self.towards_phi[:, kept] @ solved


@pytest.fixture(scope="module")
def dense_case():
    rng = np.random.default_rng(0)
    designs = drawn(SIZES, LEVELS)
    grid = SparseGrid(LEVELS, 320)
    assert 0 < grid.points < 0.8 * np.prod(grid.masks)
    points = np.zeros(grid.masks, bool)
    for cell in grid.cells:
        points[cell] = True
    every = rng.normal(size=(*grid.masks, 2))
    rho_of = dict(zip(SIZES, RHOS, strict=True))
    found = fit_and_interpolate_sparse(
        on_part(every, grid), designs, lambda design, _: np.full(design.shape[1], rho_of[design.shape[1]])
    )
    return designs, every, Dense(designs, RHOS, points), every - every[points].mean(axis=0), found


def test_phi_is_the_posterior_mean_given_the_points_that_were_evaluated(dense_case):
    _, every, dense, centred, found = dense_case
    expected = dense.phi(centred)
    expected += (every[1, 1, 1] - every[0, 0, 0] - expected.sum(axis=0)) / len(expected)
    np.testing.assert_allclose(found.phi, expected, atol=1e-6 * np.abs(expected).max())


def test_errors_are_those_of_leaving_a_pair_of_masks_out_of_the_part(dense_case):
    designs, _, dense, centred, found = dense_case
    all_of_it = dense.phi(centred)
    for axis, design in enumerate(designs):
        pairs = [(row, row + 1) for row in range(2, len(design), 2)]
        # Of the large sizes hardly a mask was drawn, so their errors count in full, in every block.
        common = [pair for pair in pairs if undrawn(design)[pair[0]] > 0.999]
        assert common
        for pair in common:
            change = all_of_it - dense.phi(centred, without=(axis, pair))
            change -= change.mean(axis=0)
            place = sum(1 for other in pairs if other < pair)
            np.testing.assert_allclose(found.errors[axis][place], change, atol=2e-3 * np.abs(change).max())


@pytest.mark.parametrize("estimator", BOTH)
def test_all_points_give_what_the_whole_grid_gives(network_game, estimator):
    levels = ((8, 16, 32), (4,), (8, 16, 30))
    designs = drawn((9, 2, 8), levels)
    every = network_game(19).on_grid(designs)
    grid = SparseGrid(levels, 10**6)
    part, whole = (estimate(values, designs, estimator=estimator) for values in (on_part(every, grid), every))
    np.testing.assert_allclose(part.phi, whole.phi, atol=1e-9)
    np.testing.assert_allclose(part.se, whole.se, atol=1e-9)
    assert part.diagnostics == pytest.approx(whole.diagnostics, abs=1e-9)
    assert (part.noise, part.leverages) == (whole.noise, whole.leverages)


@pytest.mark.parametrize("estimator", BOTH)
def test_what_is_left_out_costs_little_and_a_smaller_grid_of_as_many_points_much(unanimity_game, estimator):
    sizes, K, fewer = (7, 6, 7), 48, 26
    grid = sparse_grid((K, K, K), fewer**3)
    game = unanimity_game(20, terms=40, largest=4)
    errors = {}
    for seed in range(4):
        ordered = drawn(sizes, grid.levels, seed)
        smaller = tuple(draw_design(n, fewer, seed + n) for n in sizes)
        values = {"whole": game.on_grid(ordered), "part": on_part(game.on_grid(ordered), grid)}
        for kind, designs in (("whole", ordered), ("part", ordered), ("smaller", smaller)):
            found = estimate(values.get(kind, game.on_grid(designs)), designs, estimator=estimator)
            errors.setdefault(kind, []).append(np.linalg.norm(found.phi - game.phi))
    mean = {kind: np.mean(found) for kind, found in errors.items()}
    assert mean["part"] < 1.3 * mean["whole"]
    assert mean["part"] < 0.7 * mean["smaller"]


@pytest.mark.parametrize("estimator", BOTH)
def test_modalities_that_are_absent_or_enumerated_take_part(unanimity_game, estimator):
    levels = ((8, 16, 32), (4, 8), (1,))
    game = unanimity_game(12, terms=20, largest=3)
    designs = drawn((9, 3, 0), levels)
    grid = SparseGrid(levels, 128)
    assert grid.points < 32 * 8
    every = game.on_grid(designs)
    found = estimate(on_part(every, grid), designs, estimator=estimator)
    np.testing.assert_allclose(found.phi.sum(axis=0), every[1, 1, 0] - every[0, 0, 0], atol=1e-9)
    assert np.linalg.norm(found.phi - game.phi) < 0.2 * np.linalg.norm(game.phi)
    assert found.se.shape == found.phi.shape


@pytest.mark.parametrize("estimator", BOTH)
def test_a_game_that_is_the_same_everywhere_has_no_values_and_no_errors(estimator):
    designs = drawn(SIZES, LEVELS)
    grid = SparseGrid(LEVELS, 320)
    found = estimate(on_part(np.full((*grid.masks, 2), 1 / 7), grid), designs, estimator=estimator)
    assert not found.phi.any()
    assert not found.se.any()


@pytest.mark.parametrize("estimator", ["chains", "grid-kernelshap", "exact", "kernelshap"])
def test_other_estimators_refuse_a_part(estimator):
    grid = SparseGrid(LEVELS, 320)
    with pytest.raises(ValueError, match=f"estimator '{estimator}' takes no part of a grid: use 'grid-interpolation'"):
        estimate(on_part(np.zeros((*grid.masks, 1)), grid), drawn(SIZES, LEVELS), estimator=estimator)


def test_designs_must_fit_the_part_and_lead_with_none_and_all():
    grid = SparseGrid(LEVELS, 320)
    values = on_part(np.zeros((*grid.masks, 1)), grid)
    text, audio, video = drawn(SIZES, LEVELS)
    with pytest.raises(ValueError, match=r"the designs have \(11, 10, 8\) masks and the values \(12, 10, 8\)"):
        estimate(values, (text[:-1], audio, video))
    with pytest.raises(ValueError, match=r"the text design, .* has no mask that keeps 0 players"):
        estimate(values, (text[::-1], audio, video))
