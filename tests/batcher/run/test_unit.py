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


spans = st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9) | st.none()), min_size=1, max_size=3))


@given(spans, st.integers(1, 5))
def test_on_a_device_the_longest_units_of_a_window_come_first_and_the_rest_keep_their_order(spans, window):
    units = [
        Unit(
            tuple(
                Segment(f"{u} {i}", "1.mp4", Path("1.mp4"), start_ms, None if length is None else start_ms + length)
                for i, (start_ms, length) in enumerate(unit)
            )
        )
        for u, unit in enumerate(spans)
    ]
    ordered = list(longest_first(iter(units), window))
    assert len(ordered) == len(units)
    for first in range(0, len(units), window):
        places = [units.index(found) for found in ordered[first : first + window]]
        assert sorted(places) == list(range(first, min(first + window, len(units))))
        longest = [max(99 if length is None else length for _, length in spans[u]) for u in places]
        assert list(zip(longest, places, strict=True)) == sorted(
            zip(longest, places, strict=True), key=lambda found: (-found[0], found[1])
        )


def test_no_more_than_a_window_is_read_ahead():
    def stream():
        yield unit("a")
        yield unit("b")
        raise AssertionError("read ahead")

    assert len(next(longest_first(stream(), 2)).segments) == 1


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
