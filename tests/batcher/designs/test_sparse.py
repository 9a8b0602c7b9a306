from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batcher.designs import draw_design, draw_ordered, sparse_grid
from batcher.designs.pairs import explained_variance
from batcher.estimators import SparseGrid

some_masks = st.tuples(*[st.one_of(st.just(1), st.integers(1, 60).map(lambda half: 2 * half))] * 3)


@given(some_masks, st.integers(1, 300_000))
def test_no_larger_blocks_would_stay_within_the_points(masks, points):
    grid = sparse_grid(masks, points)
    assert grid.masks == masks
    sizes = {prod(block) for block in product(*grid.levels)}
    others = [SparseGrid(grid.levels, size) for size in sizes if size >= grid.least]
    within = [other.points for other in others if other.points <= points]
    assert grid.points == (max(within) if within else min(other.points for other in others))


def test_points_enough_are_the_whole_grid_and_too_few_are_raised():
    assert sparse_grid((64, 16, 64), 64 * 16 * 64).whole
    assert not sparse_grid((64, 16, 64), 64 * 16 * 64 - 1).whole
    grid = sparse_grid((64, 64, 64), 1)
    assert grid.levels == ((8, 16, 32, 64),) * 3
    assert grid.largest == grid.least == 64 * 8 * 8


@pytest.mark.parametrize(("n", "levels"), [(9, (8, 16, 32, 64)), (4, (8, 16)), (20, (14, 26, 50)), (6, (12,))])
def test_the_masks_are_those_of_a_design_in_another_order(n, levels):
    found, design = draw_ordered(n, levels, seed=5), draw_design(n, levels[-1], seed=5)
    np.testing.assert_array_equal(np.unique(found, axis=0), np.unique(design, axis=0))
    np.testing.assert_array_equal(found[::2], ~found[1::2])
    np.testing.assert_array_equal(found[:2], np.repeat([[False], [True]], n, axis=1))


def test_leading_masks_explain_more_than_any_of_a_few_others_would():
    n, levels = 9, (8, 16, 32)
    found = draw_ordered(n, levels, seed=1)
    rng = np.random.default_rng(0)
    for level, above in ((16, 32), (8, 16)):
        pairs = np.concatenate([[0], 1 + rng.permutation(above // 2 - 1)])[: level // 2]
        other = np.concatenate([[2 * pair, 2 * pair + 1] for pair in pairs])
        assert explained_variance(found[:level]) > explained_variance(found[other])


def test_the_seed_permutes_players_alone():
    first, second = (draw_ordered(9, (8, 16, 32), seed) for seed in (1, 2))
    assert (first != second).any()
    np.testing.assert_array_equal(first.sum(axis=1), second.sum(axis=1))
    np.testing.assert_array_equal(np.sort(first.sum(axis=0)), np.sort(second.sum(axis=0)))


def test_a_modality_without_players_has_its_one_mask():
    assert draw_ordered(0, (1,), seed=0).shape == (1, 0)
