from itertools import pairwise, permutations

import numpy as np
import pytest

from bench.ranking import average_precision, relevant_share, top_player_hit


def plain_average_precision(relevant_in_order):
    """As textbooks have it, of an order without equals."""
    precisions = [np.mean(relevant_in_order[: k + 1]) for k, is_relevant in enumerate(relevant_in_order) if is_relevant]
    return np.mean(precisions)


def mean_over_orders(scores, relevant):
    """The average precision of each order that the scores allow, and their mean."""
    orders = [o for o in permutations(range(len(scores))) if all(scores[a] >= scores[b] for a, b in pairwise(o))]
    return np.mean([plain_average_precision([relevant[i] for i in order]) for order in orders])


@pytest.mark.parametrize(
    ("scores", "relevant", "expected"),
    [
        ([3, 2, 1], [1, 0, 0], 1.0),
        ([3, 2, 1], [0, 0, 1], 1 / 3),
        ([0.1, 0.9, 0.5, -0.2], [1, 0, 1, 0], (1 / 2 + 2 / 3) / 2),
        ([-3, -1, -2], [1, 1, 1], 1.0),
        ([5, 4, 3, 2, 1], [1, 0, 1, 0, 1], (1 + 2 / 3 + 3 / 5) / 3),
    ],
)
def test_precision_is_averaged_over_the_relevant_players(scores, relevant, expected):
    assert average_precision(scores, relevant) == pytest.approx(expected)


def test_it_is_the_area_under_the_steps_of_the_precision_recall_curve():
    rng = np.random.default_rng(0)
    scores, relevant = rng.permutation(40), rng.random(40) < 0.3
    found = relevant[np.argsort(-scores)].cumsum()
    precision, recall = found / np.arange(1, 41), found / relevant.sum()
    assert average_precision(scores, relevant) == pytest.approx((np.diff(recall, prepend=0) * precision).sum())


@pytest.mark.parametrize("seed", range(12))
def test_equal_scores_count_as_the_mean_over_their_orders(seed):
    rng = np.random.default_rng(seed)
    scores, relevant = rng.integers(0, 3, 6), rng.random(6) < 0.5
    relevant[rng.integers(6)] = True
    assert average_precision(scores, relevant) == pytest.approx(mean_over_orders(scores, relevant))


def test_chance_among_few_players_is_above_their_prevalence():
    one_of_sixteen = np.arange(16) == 5
    assert average_precision(np.zeros(16), one_of_sixteen) == pytest.approx((1 / np.arange(1, 17)).mean())


def test_without_a_relevant_player_there_is_no_precision():
    with pytest.raises(ValueError, match="none of the 3 players is relevant"):
        average_precision([1, 2, 3], [False, False, False])


@pytest.mark.parametrize(
    ("scores", "relevant", "expected"),
    [
        ([0.1, 0.9, 0.5], [0, 1, 0], 1.0),
        ([0.1, 0.9, 0.5], [1, 0, 1], 0.0),
        ([0.9, 0.1, 0.9], [1, 1, 0], 0.5),
        ([-0.1, -0.9, 0.0], [1, 1, 1], 0.0),
    ],
)
def test_the_top_player_hits_where_it_is_relevant_and_speaks_for_the_class(scores, relevant, expected):
    assert top_player_hit(scores, relevant) == expected


@pytest.mark.parametrize(
    ("scores", "relevant", "expected"),
    [
        ([0.3, 0.1, -0.9, 0.0], [1, 0, 0, 1], 0.75),
        ([0.3, 0.1, -0.9, 0.6], [0, 0, 1, 0], 0.0),
        ([-0.3, -0.1], [1, 1], 0.0),
        ([0.2, 0.2, 0.2, 0.2], [0, 1, 0, 0], 0.25),
    ],
)
def test_the_relevant_share_is_of_positive_scores(scores, relevant, expected):
    assert relevant_share(scores, relevant) == pytest.approx(expected)
