import math
from pathlib import Path

import pytest

from batcher.collection import Segment
from batcher.collection.census import take_census
from batcher.collection.times import odd_times


def segment(start_ms=0.0, end_ms=None, extra=None, label=None, name="a"):
    return Segment(name, "a.mp4", Path("a.mp4"), start_ms, end_ms, label=label, extra=extra or {})


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "reason"),
    [
        (0, None, None),
        (1000, 5000, None),
        (1000, 61_000, None),
        (1000, 61_001, "lasts 60.0 s"),
        (1000, 1000, "lasts 0.0 s"),
        (3100, 1000, "ends 2.1 s before it starts"),
        (-500, 1000, "starts 0.5 s before its media"),
        (0, math.inf, "its times 0.0 s to inf s are none"),
    ],
)
def test_times_of_a_manifest(start_ms, end_ms, reason):
    assert odd_times(segment(float(start_ms), end_ms)) == reason


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        ("00:16:16,059", "00:16:21,731", None),
        ("00:16:16,059", "00:21:21,000", "lasts 304.9 s"),
        ("00:16:16,059", "00:16:16,059", "lasts 0.0 s"),
        ("00:16:16,059", "00:16:15,059", "ends 1.0 s before it starts"),
        ("16:16", "00:16:15,059", "its times '16:16' to '00:16:15,059' are none"),
    ],
)
def test_times_of_melds_episodes(start, end, reason):
    assert odd_times(segment(extra={"StartTime": start, "EndTime": end})) == reason


def test_a_census_counts_labels_the_most_frequent_first_and_names_odd_times():
    names = [("a", "joy", None), ("b", "anger", 0.0), ("c", "anger", None), ("d", None, None)]
    census = take_census(segment(label=label, end_ms=end_ms, name=name) for name, label, end_ms in names)
    assert census.segments == 4
    assert list(census.labels.items()) == [("anger", 2), ("joy", 1), ("", 1)]
    assert census.odd_times == {"b": "lasts 0.0 s"}
