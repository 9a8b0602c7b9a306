import itertools

import numpy as np
import pytest

from batcher.designs import draw_permutations


@pytest.mark.parametrize(("p", "permutations"), [(0, 1), (1, 2), (2, 1), (6, 3), (80, 2)])
def test_players_join_one_by_one_and_leave_in_the_same_order(p, permutations):
    coalitions = draw_permutations(p, permutations, seed=0)
    assert coalitions.dtype == np.bool_
    assert coalitions.shape == (permutations * (2 * p + 1), p)
    for walk in coalitions.reshape(permutations, 2 * p + 1, p):
        flips = [np.flatnonzero(before != after) for before, after in itertools.pairwise(walk)]
        assert not walk[0].any()
        assert all(len(flip) == 1 for flip in flips)
        order = [int(flip[0]) for flip in flips]
        assert sorted(order[:p]) == list(range(p))
        assert order[p:] == order[:p]


def test_permutations_of_one_seed_differ_and_those_of_another_too():
    one, other = draw_permutations(12, 2, seed=0), draw_permutations(12, 2, seed=1)
    assert (one[:25] != one[25:]).any()
    assert (one != other).any()
    np.testing.assert_array_equal(one, draw_permutations(12, 2, seed=0))


@pytest.mark.parametrize(
    ("p", "permutations", "message"), [(-1, 1, "p is -1"), (4, 0, "permutations is 0: give at least 1")]
)
def test_impossible_permutations_are_refused(p, permutations, message):
    with pytest.raises(ValueError, match=message):
        draw_permutations(p, permutations, seed=0)
