import pytest

from bench.decoding import measure


def test_segments_that_are_decoded_together_cost_fewer_frames():
    rows = measure(10, 2, (1, 2)).section("decoding").rows
    assert [(row.spans, row.together) for row in rows][:2] == [("adjacent", 1), ("adjacent", 2)]
    for alone, together in zip(rows[::2], rows[1::2], strict=True):
        assert together.decoded < alone.decoded
        assert together.floor <= together.decoded
    assert rows[0].floor == pytest.approx(1.0)
