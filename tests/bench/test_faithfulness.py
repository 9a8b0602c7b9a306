import json
from dataclasses import replace

import click
import pytest
from scipy.stats import binomtest

from batcher.collection import read_collection
from bench.demo import MANIFEST, MODEL
from bench.faithfulness import (
    ACCURACY,
    HITS,
    MASS,
    accuracy_rows,
    grouped,
    hit_row,
    mass_row,
    measure,
    spread,
    wilson,
    write_segments,
)
from media.planted.trigger import AudioTrigger, TextTrigger, Trigger, VideoTrigger
from report.planted import Finding, PlantedSegment

TEXT, AUDIO, VIDEO = TextTrigger(0, 4), AudioTrigger(0.0, 500.0), VideoTrigger(1, 2, 0.0, 200.0)
FINDING = Finding("a", "joy", "text", correct=True, hit=True, chance=0.25, mass=0.5, strongest=None)


def right(**parts):
    return PlantedSegment("a", "joy", correct=True, trigger=Trigger(**parts))


def wrong(**parts):
    return replace(right(**parts), label="anger", correct=False)


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
    return measure(MODEL, manifest, masks=8, video_players=("time", "space"), workers=0)


def test_accuracy_is_told_by_what_carries_the_emotion():
    clips = [
        right(),
        wrong(text=TEXT, audio=AUDIO, video=VIDEO),
        right(video=VIDEO),
        right(text=TEXT),
        wrong(text=TEXT),
        right(text=TEXT, audio=AUDIO),
        right(audio=AUDIO, video=VIDEO),
        wrong(text=TEXT, video=VIDEO),
    ]
    assert [(row.group, row.clips, row.correct) for row in accuracy_rows(clips)] == [
        ("all", 8, 5 / 8),
        ("neutral", 1, 1.0),
        ("only text", 2, 0.5),
        ("only video", 1, 1.0),
        ("two modalities", 3, pytest.approx(2 / 3)),
        ("three modalities", 1, 0.0),
    ]


@pytest.mark.parametrize(("hits", "of"), [(0, 1), (1, 1), (0, 50), (50, 50), (3, 7), (171, 200)])
def test_intervals_are_wilsons(hits, of):
    expected = binomtest(hits, of).proportion_ci(0.95, method="wilson")
    assert wilson(hits, of) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_hits_are_counted_over_all_clips_and_over_those_predicted_right():
    findings = [
        FINDING,
        replace(FINDING, hit=False, chance=0.15),
        replace(FINDING, correct=False),
        replace(FINDING, correct=False, hit=False),
        replace(FINDING, correct=False, hit=False),
    ]
    row = hit_row(("text", "tokens"), findings)
    assert (row.modality, row.players, row.clips) == ("text", "tokens", 5)
    assert row.rate == 2 / 5
    assert (row.low, row.high) == wilson(2, 5)
    assert row.chance == pytest.approx((4 * 0.25 + 0.15) / 5)
    assert (row.correct, row.correct_rate) == (2, 0.5)


def test_rates_of_whole_numbers_are_numbers():
    assert type(hit_row(("text", "tokens"), [FINDING]).rate) is float


def test_without_a_right_prediction_there_is_no_rate_of_them():
    row = hit_row(("text", "tokens"), [replace(FINDING, correct=False)])
    assert (row.correct, row.correct_rate) == (0, None)


def test_mass_is_the_mean_over_clips_with_a_positive_player():
    findings = [FINDING, replace(FINDING, mass=0.0, chance=0.75), replace(FINDING, mass=None, chance=0.9)]
    row = mass_row(("text", "tokens"), findings)
    assert (row.clips, row.mass, row.chance) == (2, 0.25, 0.5)
    assert mass_row(("text", "tokens"), findings[2:]) is None


def test_findings_are_told_apart_by_modality_and_players_of_the_picture():
    text, video = FINDING, replace(FINDING, modality="video")
    groups = grouped([("space", video), ("space", text), ("time", video), ("time", video)])
    assert groups == {("text", "tokens"): [text], ("video", "space"): [video], ("video", "time"): [video, video]}
    assert next(iter(groups)) == ("text", "tokens")


def test_some_clips_are_taken_at_equal_distances():
    assert spread(range(10), 4) == [0, 2, 5, 7]
    assert spread(range(3), 4) == [0, 1, 2]
    assert spread([], 4) == []


def test_a_written_manifest_has_the_same_segments(tmp_path, manifest):
    for original in (manifest, MANIFEST):
        segments = list(read_collection(original))
        again = list(read_collection(write_segments(segments, tmp_path / "manifest.jsonl")))
        assert again == [replace(segment, media=str(segment.path)) for segment in segments]


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


def test_a_report_can_be_shown_and_written(report, tmp_path, capsys):
    report.print()
    assert "by chance" in capsys.readouterr().out
    report.write(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["tables"][ACCURACY][0]["clips"] == 2


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
