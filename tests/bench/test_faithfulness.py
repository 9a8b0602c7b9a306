import json
from dataclasses import replace

import click
import pytest
from click.testing import CliRunner

from bench.demo import CHECKPOINT, MODEL
from bench.explained_clip import ExplainedClip
from bench.faithfulness import ACCURACY, HITS, MASS, chosen, main, measure
from bench.method_rows import TABLES
from media.planted.trigger import AudioTrigger, TextTrigger, Trigger, VideoTrigger


@pytest.fixture(scope="module")
def manifest(tmp_path_factory, write_manifest, demo_segments):
    """400 ms of two shipped clips: one with its emotion in all modalities, one with none."""
    span = {"start_ms": 1000.0, "end_ms": 1400.0, "text": "It was wonderful.", "label": "joy"}
    everywhere = Trigger(TextTrigger(7, 16), AudioTrigger(1100.0, 1300.0), VideoTrigger(1, 2, 1000.0, 1080.0))
    rows = [
        {"segment_id": name, "media": str(segment.path), **span, "trigger": trigger.to_json()}
        for name, segment, trigger in zip("ab", demo_segments, (everywhere, Trigger()), strict=False)
    ]
    return write_manifest(tmp_path_factory.mktemp("planted") / "manifest.jsonl", rows)


@pytest.fixture(scope="module")
def report(manifest):
    return measure(MODEL, manifest, masks=8, video_players=("time", "space"), checkpoint=CHECKPOINT, workers=0)


def test_all_clips_are_predicted_and_only_what_carries_an_emotion_is_searched(report):
    accuracy = {row.group: row.clips for row in report.section(ACCURACY).rows}
    assert accuracy == {"all": 2, "neutral": 1, "three modalities": 1}
    searched = [("text", "tokens"), ("audio", "half-seconds"), ("video", "time"), ("video", "space")]
    assert [(row.modality, row.players) for row in report.section(HITS).rows] == searched
    assert all(row.clips == 1 for row in report.section(HITS).rows)


def test_chance_is_what_the_manifest_planted(report):
    chance = [row.chance for row in report.section(HITS).rows]
    # Of the tokens one or more; the one half-second; two of ten frames; a cell.
    assert 0 < chance[0] < 1
    assert chance[1:] == [1.0, pytest.approx(0.2), pytest.approx(1 / 16)]
    assert all(0 <= row.mass <= 1 for row in report.section(MASS).rows)


def test_methods_are_compared_on_clips_that_are_predicted_right(report):
    places = [("text", "tokens"), ("audio", "half-seconds"), ("video", "time"), ("video", "space")]
    for name in TABLES.values():
        rows = report.section(name).rows
        assert [(row.modality, row.players, row.clips) for row in rows] == [(*place, 1) for place in places]
        assert [row.self_attention is None for row in rows] == [False, False, False, True]
        assert [row.inter_modality is None for row in rows] == [False, False, False, True]


def test_what_is_compared_of_the_run_is_what_the_hits_are_counted_of(report):
    hits = [row.rate for row in report.section(HITS).rows]
    assert [row.ours.mean for row in report.section(TABLES["hit"]).rows] == hits
    chance = [row.chance for row in report.section(HITS).rows]
    assert [row.chance for row in report.section(TABLES["hit"]).rows] == pytest.approx(chance)


def test_curves_can_be_left_out(manifest):
    short = measure(MODEL, manifest, clips=1, masks=8, video_players=("time",), curves=False, workers=0)
    names = [section.name for section in short.sections]
    assert names == [ACCURACY, HITS, MASS, *(TABLES[metric] for metric in ("hit", "precision", "share"))]


def test_the_comparison_can_be_left_out(manifest):
    short = measure(MODEL, manifest, clips=1, masks=8, video_players=("time",), compared=0, workers=0)
    assert [section.name for section in short.sections] == [ACCURACY, HITS, MASS]


def test_some_clips_are_compared_with_all_their_kinds_of_players(demo_segments):
    def clip(i, kind):
        return ExplainedClip(replace(demo_segments[0], segment_id=str(i)), kind, "joy", {}, {})

    clips = [*(clip(i, "space") for i in range(10)), *(clip(i, "time") for i in range(0, 10, 5))]
    found = [(one.segment.segment_id, one.kind) for one in chosen(clips, 4)]
    assert found == [("0", "space"), ("2", "space"), ("5", "space"), ("7", "space"), ("0", "time"), ("5", "time")]
    assert chosen(clips, 0) == []


@pytest.mark.parametrize(("arguments", "expected"), [((), CHECKPOINT), (("--model", "."), None)])
def test_the_demos_checkpoint_is_that_of_the_demos_model_only(monkeypatch, report, arguments, expected):
    asked = []
    monkeypatch.setattr("bench.faithfulness.measure", lambda *_, checkpoint, **__: asked.append(checkpoint) or report)
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert asked == [expected]


def test_a_file_that_is_no_checkpoint_is_refused_before_anything_is_explained(tmp_path, manifest):
    (tmp_path / "notes.pt").write_text("no model")
    with pytest.raises(click.ClickException, match=r"notes\.pt"):
        measure(MODEL, manifest, checkpoint=tmp_path / "notes.pt", workers=0)


def test_a_report_can_be_shown_and_written(report, tmp_path, capsys):
    report.print()
    assert "by chance" in capsys.readouterr().out
    report.write(tmp_path / "report.json")
    tables = json.loads((tmp_path / "report.json").read_text())["tables"]
    assert tables[ACCURACY][0]["clips"] == 2
    assert set(tables[TABLES["insertion"]][0]["ours"]) == {"mean", "low", "high"}


def test_a_manifest_without_triggers_is_refused(tmp_path):
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("segment_id,media\na,a.mp4\n")
    with pytest.raises(click.ClickException, match="no column 'trigger'"):
        measure(MODEL, manifest, workers=0)


def test_failing_clips_have_no_rates(tmp_path, write_manifest):
    row = {"segment_id": "lost", "media": "lost.mp4", "trigger": Trigger().to_json()}
    manifest = write_manifest(tmp_path / "manifest.jsonl", [row])
    with pytest.raises(click.ClickException, match="1 of 1 clips failed"):
        measure(MODEL, manifest, workers=0)
