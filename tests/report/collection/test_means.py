import numpy as np
import pytest
from scipy.stats import ttest_1samp

from report.collection.means import ENOUGH, mean_of, within
from report.collection.summary import Mean


def test_an_interval_is_students():
    values = np.array([0.2, 0.4, np.nan, 0.9, 0.5])
    found = mean_of(values, ["a"] * 5)
    low, high = ttest_1samp(values[~np.isnan(values)], 0).confidence_interval(0.95)
    assert found.count == 4
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, low, high))


def test_one_value_has_no_interval_and_none_has_no_mean():
    assert mean_of(np.array([np.nan, 0.3]), ["a", "b"]) == Mean(1, 0.3, None, None)
    assert mean_of(np.array([np.nan]), ["a"]) is None


def test_programmes_are_drawn_where_there_are_enough():
    values = np.repeat(np.random.default_rng(0).random(ENOUGH), 50)
    alone = mean_of(values, ["a"] * len(values))
    clustered = mean_of(values, np.repeat(np.arange(ENOUGH), 50))
    low, high = ttest_1samp(values[::50], 0).confidence_interval(0.95)
    assert (clustered.low, clustered.high) == pytest.approx((low, high))
    assert clustered.high - clustered.low > 5 * (alone.high - alone.low)


def test_clusters_of_one_are_segments():
    values = np.random.default_rng(1).random(40)
    low, high = ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_of(values, range(40)).low == pytest.approx(low)
    assert mean_of(values, range(40)).high == pytest.approx(high)


def test_the_interval_covers_the_mean_of_programmes():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        values = np.repeat(rng.normal(0, 1, 15), rng.integers(1, 20, 15)) + 0.0
        clusters = np.unique(values, return_inverse=True)[1]
        found = mean_of(values, clusters)
        covered += found.low < 0 < found.high
    assert 0.87 < covered / 400 < 0.98


def test_a_share_stays_a_share():
    assert within(Mean(2, 0.9, 0.7, 1.1), 0, 1) == Mean(2, 0.9, 0.7, 1)
    assert within(Mean(1, 0.9, None, None), 0, 1) == Mean(1, 0.9, None, None)
