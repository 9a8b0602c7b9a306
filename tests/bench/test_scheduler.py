import pytest

from bench.scheduler import measure

SEGMENTS, ROUNDS = 16, 2


@pytest.fixture(scope="module")
def report():
    return measure([1, 2], segments=SEGMENTS, rounds=ROUNDS)


@pytest.mark.usefixtures("ray_cluster")
def test_every_number_of_workers_has_its_row(report):
    rows = report.section("scheduler").rows
    assert [row.workers for row in rows] == [1, 2]
    assert [row.unit for row in rows] == [4, 2]  # four units for each worker


@pytest.mark.usefixtures("ray_cluster")
def test_a_median_lies_among_its_rounds(report):
    for row in report.section("scheduler").rows:
        assert 0 < row.least_ms <= row.segment_ms <= row.most_ms
        assert row.driver_ms > 0
