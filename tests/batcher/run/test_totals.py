from pathlib import Path

from batcher.collection import Segment
from batcher.outcome import EXPLAINED, FAILED, UNAVAILABLE, Failure
from batcher.run.totals import STAGES, Totals, totals_of
from batcher.run.unit import Unit
from batcher.run.worker import committed_unit, write_failed_unit
from batcher.store.files import Store

UNIT = Unit(tuple(Segment(name, "1.mp4", Path("1.mp4")) for name in "ab"))


def segment_row(name, status, **columns):
    return {"segment_id": name, "media": "1.mp4", "start_ms": 0.0, "extra": [], "status": status} | columns


def timings_row(name, **seconds):
    return {"segment_id": name, "attempts": 1, "host": "h"} | seconds


SEGMENTS = [
    segment_row("a", EXPLAINED, grid_points=512),
    segment_row("b", UNAVAILABLE, error_stage="explain", error="no server"),
]
TIMINGS = [
    timings_row("a", decode_s=0.5, encode_s=2.0, grid_s=1.0, estimate_s=0.25, write_s=0.125),
    timings_row("b", decode_s=1.5, write_s=0.125),
]
EXPECTED = Totals(1, 512, {"decode": 2.0, "encode": 2.0, "grid": 1.0, "estimate": 0.25, "write": 0.25})


def test_stages_that_a_segment_didnt_reach_add_nothing():
    assert totals_of(SEGMENTS, TIMINGS) == EXPECTED


def test_a_unit_whose_worker_died_after_its_commit_is_read_from_its_files(tmp_path):
    store = Store(tmp_path, {})
    store.write_unit(UNIT.unit_id, {"timings": TIMINGS, "segments": SEGMENTS})
    report = committed_unit(store, UNIT)
    assert report.totals == EXPECTED
    assert report.failures == (("b", Failure("explain", "no server", UNAVAILABLE)),)


def test_a_unit_that_no_worker_survived_adds_nothing_but_failures(tmp_path):
    store = Store(tmp_path, {})
    report = write_failed_unit(store, UNIT, Failure("worker", "it died"), attempts=3)
    assert report.totals == Totals(0, 0, dict.fromkeys(STAGES, 0.0))
    assert [failure.status for _, failure in report.failures] == [FAILED, FAILED]
    assert committed_unit(store, UNIT) == report
