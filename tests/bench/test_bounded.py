"""The bench of a run's bounds, in small; that memory is flat is for its full form to say."""

import os
import subprocess
import sys
from subprocess import PIPE

import pytest

from bench.bounded.__main__ import measure
from bench.bounded.memory import DRIVER, OTHER, Usage, measure_usage
from bench.bounded.rows import Moment, memory_rows, pace_row, tenth_rows

SEGMENTS = 48


@pytest.fixture(scope="module")
def report(ray_cluster):  # noqa: ARG001  # runs start none of their own then
    return measure(SEGMENTS, 0, workers=1, duration_s=8.0)


def moments(megabytes, seconds):
    """Ten tenths of a driver that takes so much, after so long."""
    usages = [Usage({DRIVER: mb}, {DRIVER: 1}, 2.0 * s) for mb, s in zip(megabytes, seconds, strict=True)]
    return [Moment(10 * i, s, usage) for i, (s, usage) in enumerate(zip(seconds, usages, strict=True))]


def test_every_process_of_a_run_has_its_memory(report):
    rows = {row.role: row for row in report.section("memory").rows}
    assert {"driver", "worker 1", "decoders", "raylet", "object store", "gcs"} <= rows.keys()
    assert rows["driver"].processes == rows["worker 1"].processes == rows["raylet"].processes == 1
    for role in ("driver", "worker 1", "decoders"):  # numpy, pyarrow and Ray alone are 50 MiB
        assert 50 < rows[role].settled_mb <= rows[role].most_mb < 10_000
    assert 2 < rows["object store"].end_mb <= 256  # a clip is 2 MB; the tests' store holds 256


def test_the_run_explained_all_segments_and_took_time(report):
    (row,) = report.section("pace").rows
    assert row.segments == SEGMENTS
    assert row.second_hz > 0
    assert row.last_cpu_ms > 0
    assert [tenth.done for tenth in report.section("tenths").rows][-1] == SEGMENTS


def test_the_memory_and_the_time_of_a_process_and_its_children_are_counted():
    script = "held = b'x' * (64 << 20); sum(range(10**7)); print(flush=True); input()"
    before = measure_usage(os.getpid())
    with subprocess.Popen([sys.executable, "-c", script], stdin=PIPE, stdout=PIPE) as child:  # noqa: S603  # our own
        child.stdout.readline()
        alone, whole = measure_usage(child.pid), measure_usage(os.getpid())
        child.communicate(b"\n")
    assert 64 < alone.mb[DRIVER] < 128
    assert alone.cpu_s > 0
    assert whole.mb[OTHER] - before.mb.get(OTHER, 0) == pytest.approx(alone.mb[DRIVER], abs=2)


def test_memory_that_stays_is_flat():
    (row,) = memory_rows("none", moments([50, *[100] * 10], range(11)))
    assert row.flat
    assert (row.settled_mb, row.end_mb, row.most_mb, row.growth) == (100, 100, 100, 1)


def test_memory_that_grows_by_a_hundredth_each_tenth_is_not_flat():
    (row,) = memory_rows("none", moments([100 + i for i in range(11)], range(11)))
    assert not row.flat
    assert row.growth == pytest.approx(110 / 101)


def test_memory_that_was_more_in_between_is_not_flat():
    (row,) = memory_rows("none", moments([100] * 5 + [200] + [100] * 5, range(11)))
    assert not row.flat
    assert (row.growth, row.most_mb) == (1, 200)


def test_pace_is_that_of_the_second_to_the_last_tenth():
    seconds = [0, 100, *range(101, 109), 110]  # a slow start; the last tenth takes twice as long
    row = pace_row("none", list(tenth_rows("none", moments([1] * 11, seconds))))
    assert (row.second_hz, row.last_hz, row.slowest) == pytest.approx((10, 5, 0.5))
    assert (row.second_cpu_ms, row.last_cpu_ms, row.most_cpu) == pytest.approx((200, 400, 2))
