import math
from collections import Counter

import numpy as np
import pytest

from batcher.designs import draw_chains, draw_design


def orders_of(design):
    """The permutations of a design of chains, as tuples of players in the order in which they join."""
    n = design.shape[1]
    chains = design[2:].reshape(-1, n - 1, n)
    full = [np.concatenate([design[:1], inner, design[1:2]]) for inner in chains]
    return [tuple(int(i) for step in range(n) for i in np.flatnonzero(c[step + 1] & ~c[step])) for c in full]


@pytest.mark.parametrize(("n", "K", "chains"), [(5, 6, 1), (5, 10, 2), (5, 13, 2), (5, 14, 3), (30, 100, 3)])
def test_a_design_holds_as_many_whole_permutations_as_fit(n, K, chains):
    design = draw_chains(n, K, seed=0)
    assert design.dtype == np.bool_
    assert design.shape == (2 + chains * (n - 1), n)
    assert not design[0].any()
    assert design[1].all()
    np.testing.assert_array_equal(design[2:].sum(axis=1), [*range(1, n)] * chains)
    for order in orders_of(design):
        assert sorted(order) == list(range(n))


@pytest.mark.parametrize(("n", "K"), [(0, 1), (1, 2), (3, 8), (4, 20)])
def test_where_all_masks_fit_they_are_all_there(n, K):
    np.testing.assert_array_equal(draw_chains(n, K, seed=0), draw_design(n, K, seed=0))


def test_permutations_are_uniform_and_depend_on_the_seed_alone():
    n, chains, draws = 4, 3, 800
    seen = Counter(order for seed in range(draws) for order in orders_of(draw_chains(n, 2 + 3 * chains, seed)))
    assert len(seen) == math.factorial(n)
    mean = draws * chains / math.factorial(n)
    assert all(abs(count - mean) < 5 * math.sqrt(mean) for count in seen.values())
    np.testing.assert_array_equal(draw_chains(9, 40, seed=5), draw_chains(9, 40, seed=5))


@pytest.mark.parametrize(("n", "K", "message"), [(5, 5, "K is 5 for n = 5 .* 6 masks"), (-1, 8, "n is -1")])
def test_less_than_a_chain_is_refused(n, K, message):
    with pytest.raises(ValueError, match=message):
        draw_chains(n, K, seed=0)
