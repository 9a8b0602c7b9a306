from dataclasses import replace
from pathlib import Path

import pytest

from batcher.collection import CollectionError, Segment
from batcher.selection import Selection

BASE = Segment("0", "x.mp4", Path("x.mp4"), language="nl", extra={"scene": "a=b"})
SEGMENTS = [
    BASE,
    replace(BASE, segment_id="1", language="en"),
    replace(BASE, segment_id="2", extra={"scene": "c"}),
    replace(BASE, segment_id="3", language=None, extra={}),
    replace(BASE, segment_id="4"),
]


@pytest.mark.parametrize(
    ("where", "limit", "ids"),
    [
        ((), None, "01234"),
        ((), 2, "01"),
        (("language=nl",), None, "024"),
        (("language = nl", "scene=a=b"), None, "04"),
        (("scene=a=b",), 2, "01"),
        (("segment_id=3",), None, "3"),
        (("scene=z",), None, ""),
    ],
)
def test_segments_fit_every_condition_and_the_limit_counts_those(where, limit, ids):
    assert "".join(s.segment_id for s in Selection(where, limit).of(SEGMENTS)) == ids


def test_a_column_that_no_row_has_is_refused():
    with pytest.raises(CollectionError, match="no row of the collection has a value of langage"):
        list(Selection(("langage=nl", "language=nl")).of(SEGMENTS))


def test_a_limit_reads_no_further():
    def stream():
        yield from SEGMENTS[:2]
        raise AssertionError("read past the limit")

    assert len(list(Selection(limit=2).of(stream()))) == 2


def test_a_condition_without_a_value_is_refused():
    with pytest.raises(CollectionError, match="'language' isn't COLUMN=VALUE"):
        list(Selection(("language",)).of(SEGMENTS))
