import pytest

import bench.frames
from bench.frames import measure


@pytest.fixture(scope="module")
def rows():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.frames, "ROUNDS", 1)
        return measure("tiny", masks=[2, 8], frames=2).sections[0].rows


def test_both_graphs_compute_the_same(rows):
    assert [row.masks for row in rows] == [2, 8]
    assert all(0 <= row.difference < 1e-4 * row.spread for row in rows)


def test_a_ratio_is_that_of_its_times(rows):
    for row in rows:
        assert row.ratio == pytest.approx(row.network_s / row.table_s)
        assert min(row.network_s, row.table_s) > 0
