from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batcher.collection import Segment
from batcher.run.unit import Unit, longest_first, unit_size, units_of

ids = st.lists(st.text(alphabet="ab\n\",'", max_size=4), min_size=1, max_size=4).map(tuple)


def unit(names):
    return Unit(tuple(Segment(name, "1.mp4", Path("1.mp4")) for name in names))


@given(ids, ids)
def test_units_of_other_segments_have_other_names(one, other):
    assert (unit(one).unit_id == unit(other).unit_id) == (one == other)


@given(st.integers(0, 50), st.integers(1, 9))
def test_units_hold_every_segment_once_and_in_order(segments, size):
    names = [str(i) for i in range(segments)]
    cut = list(units_of(iter(unit(names).segments), size))
    assert [s.segment_id for u in cut for s in u.segments] == names
    assert all(len(u.segments) == size for u in cut[:-1])


def test_units_are_taken_from_the_stream_as_they_are_wanted():
    def stream():
        yield from unit("abc").segments
        raise AssertionError("read ahead")

    units = units_of(stream(), 3)
    assert len(next(units).segments) == 3


spans = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9) | st.none()), max_size=12)


@given(spans)
def test_on_a_device_the_longest_come_first_and_the_rest_keep_their_order(spans):
    segments = [
        Segment(str(i), "1.mp4", Path("1.mp4"), start_ms, None if length is None else start_ms + length)
        for i, (start_ms, length) in enumerate(spans)
    ]
    ordered = longest_first(iter(segments))
    places = [int(segment.segment_id) for segment in ordered]
    keys = [(spans[i][1] is not None, -(spans[i][1] or 0), i) for i in places]  # unknown, then long, then early
    assert sorted(places) == list(range(len(spans)))
    assert keys == sorted(keys)


@pytest.mark.parametrize("workers", [0, 1, 2, 16])
@pytest.mark.parametrize("segments", [1, 3, 8, 100, 10_000])
def test_a_killed_run_loses_few_segments_and_every_worker_gets_several_units(segments, workers):
    size = unit_size(segments, workers)
    assert 1 <= size <= 8
    assert size == 1 or segments / size >= 4 * workers


@pytest.mark.parametrize("in_flight", [2, 4, 16])
@pytest.mark.parametrize("segments", [1, 3, 100, 10_000])
def test_a_unit_keeps_a_worker_with_several_under_way_busy(segments, in_flight):
    assert in_flight <= unit_size(segments, 1, in_flight) <= max(8, 2 * in_flight)


def test_a_split_unit_is_its_segments_one_by_one():
    assert [u.segments for u in unit("abc").split()] == [(s,) for s in unit("abc").segments]
