import json
import os
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from batcher.options import Options
from batcher.plan.size import Size
from batcher.plan.total import Total
from bench.demo import MANIFEST, MODEL
from bench.night import __main__ as command
from bench.night import decoding, measurement
from bench.night.measurement import Settings
from bench.night.rows import CLIPS, HOURS, MASKS, SIZES, STAGES, hours_rows
from bench.night.workers import Explained, Task, Worked, explain_side_by_side

TASK = Task(MODEL, "onnxruntime-fp32", Options(masks=4), seed=0)
SHORT = "tokens,seconds,frames\n4,0.2,1\n5,0.3,1\n3,0.5,2\n4,0.2,1\n2,-1,1\n"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("night") / "short.csv"
    path.write_text(SHORT)
    return command.measure(path, MODEL, Settings(sample=3, masks=4, workers=2))


def test_workers_of_their_own_explain_their_parts():
    sizes = [Size(4, 3200, 1), Size(5, 4800, 2), Size(0, 3200, 1)]
    first, second = explain_side_by_side(TASK, sizes, [[0, 2], [1]])
    assert list(first.explained) == [0, 2]
    assert first.explained[0].masks == {"text": 4, "audio": 2, "video": 36}
    assert first.explained[2].players == {"audio": 1, "video": 16}
    assert second.explained[1].players == {"text": 3, "audio": 1, "video": 16}
    for one in (first, second):
        assert 0 < sum(found.whole_s for found in one.explained.values()) < one.seconds
        assert one.peak_bytes > 1 << 26


def test_the_sample_stands_for_the_collection(report):
    clips = report.section(CLIPS).rows
    assert len(clips) == 3
    assert {row.index for row in clips} <= {0, 1, 2, 3}
    explaining, decoding, both = report.section(HOURS).rows
    assert both.hours == pytest.approx(explaining.hours + decoding.hours)
    assert both.low <= both.hours <= both.high
    seconds = [sum(row.seconds.values()) for row in clips]
    predicted = [row.predicted_gflop for row in clips]
    ratio = sum(seconds) / sum(predicted)
    stages = report.section(STAGES).rows
    assert sum(row.share for row in stages) == pytest.approx(1)
    assert sum(row.seconds for row in stages) * 4 == pytest.approx(explaining.hours * 3600 * 2)
    assert min(predicted) * ratio * 4 < explaining.hours * 3600 * 2 < max(predicted) * ratio * 4


def test_the_collection_and_what_can_t_be_read_of_it_are_told(report):
    text, audio, video = report.section(SIZES).rows
    assert (text.largest, audio.total, video.median) == (7, pytest.approx(1.2), 1)
    assert "5 segments. Unreadable: 1" in report.section(SIZES).notes[0]
    assert [row.modality for row in report.section(MASKS).rows] == ["text", "audio", "video"]
    report.print()


def test_hours_are_seconds_over_workers():
    rows = list(hours_rows("a", Total(7200.0, 3600.0, 10800.0), 720.0, 2))
    assert [(row.part, row.hours, row.low, row.high) for row in rows] == [
        ("explaining", 1.0, 0.5, 1.5),
        ("decoding", 0.1, 0.1, 0.1),
        ("all", 1.1, 0.6, pytest.approx(1.6)),
    ]


def test_decoding_is_timed_by_the_frame_and_the_first_clip_twice(monkeypatch):
    def decoded(segment, *_):
        asked.append(segment.segment_id)
        return SimpleNamespace(video=SimpleNamespace(frames=[0] * 50))

    asked = []
    monkeypatch.setattr(decoding, "clip_of", decoded)
    monkeypatch.setattr(decoding, "time", SimpleNamespace(perf_counter=iter([10.0, 16.0]).__next__))
    assert decoding.decode_s_per_frame(MODEL, MANIFEST) == pytest.approx(6 / (50 * 12))
    assert asked[0] == asked[1]
    assert len(asked) == 13


def test_the_command_cuts_meld_and_writes_its_figures(meld, tmp_path, monkeypatch):
    def second_per_frame(_task, sizes, parts):
        def explained(frames):
            return Explained({"encode": 0.75 * frames, "rest": 0.25 * frames}, {"text": 3}, {"text": 8})

        return [Worked({clip: explained(sizes[clip].frames) for clip in part}, 9.0, 1 << 30) for part in parts]

    monkeypatch.setattr(measurement, "explain_side_by_side", second_per_frame)
    monkeypatch.setattr(command, "decode_s_per_frame", lambda *_: 0.01)
    out = tmp_path / "figures.json"
    done = CliRunner().invoke(command.main, [str(meld), "--model", str(MODEL), "--rate", "20", "--json", str(out)])
    assert done.exit_code == 0, done.output
    assert "4 segments. Unreadable: 2" in done.output
    written = json.loads(out.read_text())
    tables = written["tables"]
    assert [row["cut"] for row in tables[SIZES]] == [0, 1, 1]
    # 2.251 s have 46 frames of 20 a second.
    hours = (300 + 46) / written["options"]["workers"] / 3600
    assert [row["hours"] for row in tables[HOURS]] == pytest.approx([hours, 0.01 * hours, 1.01 * hours])
    assert [row["share"] for row in tables[STAGES]] == pytest.approx([0.75, 0.25])
    assert "busy 100% of the time; at most 1.0 GiB each" in done.output


@pytest.mark.parametrize("options", [[], ["--model", str(MODEL), "--export"]])
def test_an_artefact_is_given_or_made_but_not_both(options, meld):
    done = CliRunner().invoke(command.main, [str(meld), *options])
    assert done.exit_code == 2
    assert "give one of them" in done.output


def test_a_collection_of_nothing_readable_is_refused(tmp_path):
    path = tmp_path / "none.csv"
    path.write_text("tokens,seconds\n3,0\n")
    done = CliRunner().invoke(command.main, [os.fspath(path), "--model", str(MODEL)])
    assert done.exit_code == 1
    assert "none of the 1 segments" in done.output
