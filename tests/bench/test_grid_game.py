from dataclasses import replace

import numpy as np
import pytest

from batcher.designs import draw_design
from batcher.estimators import SparseGrid, estimate
from bench.grid_game import GridGame, mask_codes


@pytest.fixture
def game():
    return GridGame(np.random.default_rng(0).normal(size=(8, 4, 16)))


def every_mask(n):
    return draw_design(n, 1 << n, seed=0)


def test_players_are_counted_by_the_masks(game):
    assert (game.n, game.p) == ((3, 2, 4), 9)


def test_exact_values_are_those_of_the_exact_estimator(game):
    text, audio, video = map(every_mask, game.n)
    exact = estimate(game.values[..., None], (text, audio, video), estimator="exact").phi[:, 0]
    np.testing.assert_allclose(game.phi, exact, atol=1e-14)


def test_exact_values_of_conjunctions_are_shared_equally():
    wanted = np.array([1, 0, 1, 0, 1, 0, 0, 1, 0], bool)
    every = every_mask(9)
    met = (every >= wanted).all(axis=1).astype(float)
    game = GridGame(np.zeros((8, 4, 16)))
    values = np.zeros((8, 4, 16))
    values[game.rows(every)] = met
    np.testing.assert_allclose(replace(game, values=values).phi, wanted / 4, atol=1e-14)


def test_a_grid_holds_the_values_of_its_coalitions(game):
    designs = tuple(draw_design(n, K, seed=1) for n, K in zip(game.n, (4, 4, 8), strict=True))
    grid = game.grid(designs)
    for j, k, m in np.ndindex(grid.shape):
        coalition = np.concatenate([design[i] for design, i in zip(designs, (j, k, m), strict=True)])
        assert grid[j, k, m] == game.look_up(coalition)[0]


def test_a_part_holds_the_values_that_the_grid_has_there(game):
    text, audio, video = map(every_mask, game.n)
    part = SparseGrid(((4, 8), (2, 4), (8, 16)), largest=256)
    found = game.part(part, (text, audio, video))
    assert sum(values.size for values in found.cells) == part.points == 8 * 4 * 16 - 4 * 2 * 8
    for cell, values in zip(part.cells, found.cells, strict=True):
        np.testing.assert_array_equal(values[..., 0], game.grid((text, audio, video))[cell])


def test_bit_i_of_a_row_is_player_i(game):
    coalition = np.array([0, 1, 0, 1, 0, 0, 0, 1, 1])
    assert game.look_up(coalition) == game.values[2, 1, 12]
    np.testing.assert_array_equal(mask_codes(every_mask(4)), np.arange(16))


def test_shares_are_parts_of_all_that_the_players_do(game):
    parts = np.split(np.abs(game.phi), [3, 5])
    assert list(game.shares().values()) == pytest.approx([part.sum() / np.abs(game.phi).sum() for part in parts])
