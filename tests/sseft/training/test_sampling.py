from collections import Counter

import numpy as np
import pytest

from sseft.training.sampling import draw_epoch

LABELS = [0] * 75 + [1] * 20 + [2] * 5


def drawn(sampling, seed=0):
    return draw_epoch(LABELS, sampling, np.random.default_rng(seed))


def counts(indices):
    return Counter(LABELS[i] for i in indices)


def test_naturally_each_clip_is_there_once_in_another_order():
    assert sorted(drawn("natural")) == list(range(100))
    assert drawn("natural").tolist() != drawn("natural", seed=1).tolist()


def test_undersampling_takes_of_the_largest_class_as_many_as_the_next_has_and_others_each_time():
    first, second = drawn("undersample"), drawn("undersample", seed=1)
    assert counts(first) == {0: 20, 1: 20, 2: 5}
    assert len(set(first)) == 45
    assert {i for i in first if LABELS[i] == 0} != {i for i in second if LABELS[i] == 0}


def test_oversampling_makes_classes_equal_and_repeats_each_clip_as_often_as_the_next():
    indices = drawn("oversample")
    assert counts(indices) == {0: 75, 1: 75, 2: 75}
    times = Counter(indices.tolist())
    assert {times[i] for i in range(75)} == {1}
    assert {times[i] for i in range(75, 95)} == {3, 4}
    assert {times[i] for i in range(95, 100)} == {15}


@pytest.mark.parametrize("sampling", ["natural", "undersample", "oversample"])
def test_the_seed_tells_all(sampling):
    assert drawn(sampling).tolist() == drawn(sampling).tolist()
