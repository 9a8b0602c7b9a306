from itertools import permutations

import numpy as np
import pytest

from bench.curves import area, deletion_masks, insertion_masks, order_of


def test_the_strongest_players_go_first_and_come_first():
    order = order_of([0.1, 0.7, -0.2])
    assert order.tolist() == [1, 0, 2]
    assert deletion_masks(order).astype(int).tolist() == [[1, 1, 1], [1, 0, 1], [0, 0, 1], [0, 0, 0]]
    assert insertion_masks(order).astype(int).tolist() == [[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1]]


def test_equal_players_keep_their_order():
    assert order_of([0.5, 0.9, 0.5, 0.9]).tolist() == [1, 3, 0, 2]


def test_what_an_order_deletes_its_reverse_inserts():
    order = np.random.default_rng(0).permutation(7)
    np.testing.assert_array_equal(deletion_masks(order)[::-1], insertion_masks(order[::-1]))


@pytest.mark.parametrize(
    ("values", "expected"), [([0.3, 0.3, 0.3], 0.3), ([1, 0], 0.5), ([1, 0, 0, 0, 0], 1 / 8), ([0, 0.5, 1], 0.5)]
)
def test_an_area_is_over_shares_of_the_players(values, expected):
    assert area(values) == pytest.approx(expected)


def test_an_area_is_the_integral_of_the_line_through_the_values():
    values = np.random.default_rng(1).random(9)
    fine = np.linspace(0, 1, 80_001)
    assert area(values) == pytest.approx(np.interp(fine, np.linspace(0, 1, 9), values).mean(), abs=1e-4)


def test_of_an_additive_value_no_order_deletes_sooner_or_inserts_sooner_than_that_of_its_weights():
    weights = np.array([0.3, -0.1, 0.5, 0.2, 0.0])
    best = order_of(weights)
    deletions = [area(deletion_masks(np.array(order)) @ weights) for order in permutations(range(5))]
    insertions = [area(insertion_masks(np.array(order)) @ weights) for order in permutations(range(5))]
    assert area(deletion_masks(best) @ weights) == pytest.approx(min(deletions))
    assert area(insertion_masks(best) @ weights) == pytest.approx(max(insertions))
