import numpy as np
import pytest

from sseft.training.planted.masking import WHOLE_SHARE, draw_keep, kept

N = 12
DRAWS = 4000
TRIGGER = np.isin(np.arange(N), [3, 4, 7])
NONE = np.zeros(N, dtype=bool)


def draw(trigger, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([draw_keep(rng, trigger) for _ in range(DRAWS)])


def close(share, expected):
    """Within five standard deviations of what is drawn."""
    return abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / DRAWS)


def test_the_triggers_players_are_kept_together_or_not_at_all():
    trigger = draw(TRIGGER)[:, TRIGGER]
    np.testing.assert_array_equal(trigger.all(axis=1), trigger.any(axis=1))
    assert close(trigger[:, 0].mean(), WHOLE_SHARE + (1 - WHOLE_SHARE) / 2)


@pytest.mark.parametrize("trigger", [TRIGGER, NONE, ~NONE], ids=["some", "none", "all"])
def test_nothing_is_masked_as_often_as_is_promised_and_by_chance(trigger):
    # A share u, drawn uniformly, keeps all m others with probability u^m, on average 1 / (m + 1).
    by_chance = (0.5 if trigger.any() else 1) / (1 + (~trigger).sum())
    assert close(draw(trigger).all(axis=1).mean(), WHOLE_SHARE + (1 - WHOLE_SHARE) * by_chance)


def test_where_the_trigger_is_hidden_every_number_of_others_is_kept_as_often():
    keep = draw(TRIGGER)
    others = keep[~keep[:, 3]][:, ~TRIGGER]
    shares = np.bincount(others.sum(axis=1), minlength=10) / len(others)
    assert len(shares) == 10
    assert np.abs(shares - 0.1).max() < 5 * np.sqrt(0.09 / len(others))
    assert np.abs(others.mean(axis=0) - 0.5).max() < 5 * np.sqrt(1 / 12 / len(others) + 0.25 / len(others))


def test_without_a_trigger_every_player_is_kept_as_often():
    share = draw(NONE).mean(axis=0)
    assert all(close(one, WHOLE_SHARE + (1 - WHOLE_SHARE) / 2) for one in share)


def test_the_same_source_gives_the_same_mask_and_another_another():
    np.testing.assert_array_equal(draw(TRIGGER, seed=1), draw(TRIGGER, seed=1))
    assert (draw(TRIGGER, seed=1) != draw(TRIGGER, seed=2)).any()


def test_it_leaves_the_trigger_as_it_is():
    trigger = TRIGGER.copy()
    draw(trigger)
    np.testing.assert_array_equal(trigger, TRIGGER)


@pytest.mark.parametrize(
    ("keep", "trigger", "expected"),
    [
        ([1, 1, 0], [1, 1, 0], True),
        ([1, 1, 1], [0, 1, 0], True),
        ([1, 0, 1], [1, 1, 0], False),
        ([0, 0, 1], [1, 1, 0], False),
        ([1, 1, 1], [0, 0, 0], False),
    ],
)
def test_a_trigger_is_kept_where_there_is_one_and_all_of_it_is(keep, trigger, expected):
    assert kept(np.array(keep, dtype=bool), np.array(trigger, dtype=bool)) is expected
