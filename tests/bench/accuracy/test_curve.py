import pytest

from bench.accuracy.curve import Cost, Point, cost_at

MASKS = (1 << 10, 1 << 4, 1 << 10)


def at(M, error):
    """A black box that never repeats a sub-mask but of sound."""
    return Point(error, Cost(M, M, M, M, M, min(M, 16), M, M / 1000))


def half_power(*evaluations, height=2.0):
    return [at(M, height / M**0.5) for M in evaluations]


def test_passes_are_those_of_three_encoders():
    cost = at(100, 1.0).cost
    assert (cost.passes, cost.distinct_passes) == (300, 216)


def test_between_points_a_power_law_is_met():
    needed = cost_at(0.1, half_power(64, 128, 256, 512), MASKS)
    assert needed.bound == ""
    assert needed.cost.points == pytest.approx(400)
    assert needed.cost.passes == pytest.approx(1200)
    assert needed.cost.distinct_text == pytest.approx(400)
    assert needed.cost.distinct_audio == pytest.approx(16)
    assert needed.cost.seconds == pytest.approx(0.4)


def test_any_other_power_law_is_met_too():
    points = [at(M, 30 / M) for M in (64, 128, 256, 512)]
    assert cost_at(0.1, points, MASKS).cost.points == pytest.approx(300)


def test_the_first_point_that_has_the_error_counts_even_where_a_later_one_has_it_not():
    points = [at(64, 0.4), at(128, 0.2), at(256, 0.3), at(512, 0.1)]
    assert cost_at(0.2, points, MASKS).cost.points == pytest.approx(128)


def test_beyond_the_last_point_the_error_falls_as_one_over_a_root():
    needed = cost_at(0.02, half_power(64, 128, 256), MASKS)
    assert needed.bound == "extrapolated"
    assert needed.cost.points == pytest.approx(10_000)
    assert needed.cost.passes == pytest.approx(30_000)
    assert needed.cost.seconds == pytest.approx(10)


def test_no_more_sub_masks_are_distinct_than_there_are():
    cost = cost_at(0.02, half_power(64, 128, 256), MASKS).cost
    assert (cost.distinct_text, cost.distinct_audio, cost.distinct_video) == (1024, 16, 1024)


def test_an_extrapolation_rests_on_the_last_points_not_on_one():
    points = [at(1, 100.0), *half_power(64, 256), at(128, 2.0 / 128**0.5)]
    assert cost_at(0.02, points, MASKS).cost.points == pytest.approx(10_000)


def test_an_extrapolation_never_costs_less_than_the_last_point():
    points = [at(64, 0.5), at(128, 0.05), at(256, 0.21)]
    assert cost_at(0.04, points, MASKS).cost.points >= 256


def test_an_error_that_the_fewest_evaluations_have_costs_no_less():
    needed = cost_at(0.5, half_power(64, 128), MASKS)
    assert (needed.bound, needed.cost.points) == ("fewest", 64)
