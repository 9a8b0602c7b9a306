import numpy as np
import pytest
from scipy.stats import binomtest

from bench.intervals import Interval, bootstrap, rate, wilson


@pytest.mark.parametrize(("hits", "of"), [(0, 1), (1, 1), (0, 50), (50, 50), (3, 7), (171, 200)])
def test_intervals_are_wilsons(hits, of):
    expected = binomtest(hits, of).proportion_ci(0.95, method="wilson")
    assert wilson(hits, of) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_rate_of_shares_is_their_mean_in_wilsons_interval():
    assert rate([1.0, 0.5, 0.0, 0.5]) == Interval(0.5, *wilson(2, 4))


def test_the_bootstraps_interval_of_many_normal_numbers_is_the_normal_one():
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    found = bootstrap(values.tolist())
    half = 1.96 * values.std() / 20
    assert found.mean == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_the_bootstrap_holds_the_mean_of_skewed_numbers_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    held = [bootstrap(rng.exponential(size=60).tolist(), seed=i) for i in range(200)]
    assert 0.88 <= np.mean([found.low <= 1 <= found.high for found in held]) <= 0.99


def test_an_interval_has_no_width_where_all_clips_agree_and_is_the_same_each_time():
    assert bootstrap([0.25] * 9) == Interval(0.25, 0.25, 0.25)
    values = [0.1, 0.7, 0.4, 0.9]
    assert bootstrap(values) == bootstrap(values) != bootstrap(values, seed=1)


def test_an_interval_is_shown_with_its_ends():
    assert f"{Interval(0.5, 0.25, 0.75):.2f}" == "0.50 (0.25 to 0.75)"
