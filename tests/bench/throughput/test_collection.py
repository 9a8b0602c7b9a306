import click
import pytest

from batcher.collection import read_collection
from batcher.options import Options
from bench.demo import MANIFEST, MODEL
from bench.throughput.collection import STAGES, rate_rows, repeat, split_rows, time_run

OPTIONS = Options(masks=4, video_players="time")


@pytest.fixture(scope="module")
def timed():
    return time_run(MODEL, MANIFEST, segments=2, options=OPTIONS, workers=0)


def test_every_stage_has_its_seconds_and_its_share(timed):
    *stages, total = split_rows(timed)
    assert [row.stage for row in stages] == list(STAGES)
    assert all(row.seconds > 0 for row in stages)
    assert sum(row.seconds for row in stages) == pytest.approx(total.seconds)
    assert sum(row.share for row in stages) == pytest.approx(1)


def test_rates_are_segments_over_seconds(timed):
    for row in rate_rows(timed, workers=0):
        assert row.segments == 2
        assert row.rate == pytest.approx(row.segments / row.seconds)


def test_overhead_is_what_one_process_spends_outside_its_stages(timed):
    whole, running = rate_rows(timed, workers=0)
    stages = split_rows(timed)[-1].seconds * whole.segments
    assert whole.overhead * whole.seconds == pytest.approx(whole.seconds - stages)
    assert 0 <= running.overhead <= whole.overhead < 1


def test_segments_are_repeated_under_ids_of_their_own(tmp_path):
    original = list(read_collection(MANIFEST))
    repeated = list(read_collection(repeat(MANIFEST, 7, tmp_path / "manifest.jsonl")))
    assert len({segment.segment_id for segment in repeated}) == 7
    for number, segment in enumerate(repeated):
        source = original[number % len(original)]
        assert segment.path.samefile(source.path)
        assert (segment.start_ms, segment.end_ms, segment.text) == (source.start_ms, source.end_ms, source.text)


def test_failing_segments_are_no_throughput(tmp_path):
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("segment_id,media\nlost,lost.mp4\n")
    with pytest.raises(click.ClickException, match="1 of 1 segments failed"):
        time_run(MODEL, manifest, segments=1, options=OPTIONS, workers=0)
