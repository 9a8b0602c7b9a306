from dataclasses import replace

import pytest

from bench.hits import accuracy_rows, grouped, hit_row, mass_row
from bench.intervals import wilson
from media.planted.trigger import AudioTrigger, TextTrigger, Trigger, VideoTrigger
from report.planted import Finding, PlantedSegment

TEXT, AUDIO, VIDEO = TextTrigger(0, 4), AudioTrigger(0.0, 500.0), VideoTrigger(1, 2, 0.0, 200.0)
FINDING = Finding("a", "joy", "text", correct=True, hit=True, chance=0.25, mass=0.5, strongest=None)


def right(**parts):
    return PlantedSegment("a", "joy", correct=True, trigger=Trigger(**parts))


def wrong(**parts):
    return replace(right(**parts), label="anger", correct=False)


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
