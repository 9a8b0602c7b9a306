from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batcher.estimators import SparseGrid, SparseValues

some_levels = st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True).map(lambda ends: tuple(sorted(ends)))


@st.composite
def sparse_grids(draw):
    levels = tuple(draw(some_levels) for _ in range(3))
    least = SparseGrid(levels, 10**6).least
    return SparseGrid(levels, draw(st.integers(least, 800)))


def points_of(grid):
    """Bool [K_T, K_A, K_V]: whether the smallest block with a point is small enough."""
    ceilings = [[min(end for end in ends if end > row) for row in range(ends[-1])] for ends in grid.levels]
    sizes = [prod(block) for block in product(*ceilings)]
    return (np.array(sizes) <= grid.largest).reshape(grid.masks)


@given(sparse_grids())
def test_cells_hold_each_point_of_small_blocks_once_and_no_other(grid):
    times = np.zeros(grid.masks, int)
    for cell in grid.cells:
        times[cell] += 1
    np.testing.assert_array_equal(times, points_of(grid))
    assert grid.points == times.sum()
    assert grid.whole == times.all()


@given(sparse_grids())
def test_weighted_blocks_count_each_point_once_and_no_other(grid):
    times = np.zeros(grid.masks, int)
    for (text, audio, video), weight in grid.blocks.items():
        times[:text, :audio, :video] += weight
    np.testing.assert_array_equal(times, points_of(grid))


@given(sparse_grids())
def test_every_mask_is_met_and_the_widest_block_has_all_of_a_modality(grid):
    points = points_of(grid)
    for axis in range(3):
        assert np.moveaxis(points, axis, 0).reshape(grid.masks[axis], -1).any(axis=1).all()
        block = grid.widest(axis)
        assert block[axis] == grid.masks[axis]
        assert points[tuple(slice(0, end) for end in block)].all()


@given(sparse_grids())
def test_blocks_and_points_have_the_values_of_the_grid(grid):
    every = np.random.default_rng(0).normal(size=(*grid.masks, 2))
    values = SparseValues(grid, tuple(every[cell] for cell in grid.cells))
    for block in grid.blocks:
        np.testing.assert_array_equal(values.block(block), every[tuple(slice(0, end) for end in block)])
    for point, there in np.ndenumerate(points_of(grid)):
        if there:
            np.testing.assert_array_equal(values.at(point), every[point])
        else:
            with pytest.raises(ValueError, match=f"isn't among the {grid.points} of the grid"):
                values.at(point)


@pytest.mark.parametrize("levels", [((4, 4), (2,), (2,)), ((4,), (), (2,)), ((4,), (2,), (0, 2))])
def test_levels_must_grow(levels):
    with pytest.raises(ValueError, match="give growing numbers of masks"):
        SparseGrid(levels, 100)


def test_blocks_too_small_for_a_mask_are_refused():
    with pytest.raises(ValueError, match=r"leave masks .* without any value: give 36"):
        SparseGrid(((2, 4), (3,), (3, 5)), 35)


def test_values_must_fit_the_cells_and_be_finite():
    grid = SparseGrid(((2, 4), (3,), (3, 5)), 36)
    cells = [np.zeros((*(rows.stop - rows.start for rows in cell), 2)) for cell in grid.cells]
    with pytest.raises(ValueError, match=r"give one array \[.., .., .., C\] for each cell"):
        SparseValues(grid, tuple(cells[1:]))
    cells[1][0, 0, 0, 1] = np.nan
    with pytest.raises(ValueError, match="1 values are NaN or infinite"):
        SparseValues(grid, tuple(cells))
