import io
import json

import pytest
from rich.console import Console

from batcher.outcome import EXPLAINED, FAILED
from batcher.store.files import Store
from batcher.store.result import load_result
from media.planted.trigger import AudioTrigger, TextTrigger, Trigger, VideoTrigger
from report.table import describe, result_table


def player(modality, index, phi, word=None, **described):
    known = {"segment_id": "a", "label": "joy", "modality": modality, "player": index, "phi": phi, "token": word}
    return known | described


ATTRIBUTIONS = [
    player("text", 0, 0.02, "fine", char_start=0, char_end=4),
    player("text", 1, 0.31, "[laughs]", char_start=5, char_end=13),
    player("text", 2, -0.5, "not"),
    player("audio", 0, -0.3, start_ms=1000.0, end_ms=1512.5),
    player("audio", 1, -0.1, start_ms=1512.5, end_ms=2025.0),
    player("video", 6, 0.05, row=1, column=2, start_ms=0.0, end_ms=40.0),
    player("text", 0, 0.9, "fine") | {"label": "anger"},
]
CONTRIBUTIONS = [
    {"segment_id": "a", "label": "joy", "v_none": 0.1, "v_all": 0.6}
    | {"share_text_plain": 0.642, "share_audio_plain": 0.308, "share_video_plain": 0.05},
    {"segment_id": "a", "label": "anger", "v_none": 0.1, "v_all": 0.2},
    {"segment_id": "b", "label": "joy", "v_none": 0.1, "v_all": 0.6, "share_text_plain": 1.0},
]


def segment(name, **more):
    return {"segment_id": name, "media": "1.mp4", "start_ms": 0.0, "status": EXPLAINED} | more


@pytest.fixture
def printed(tmp_path):
    """The table's text, of a result with these segments."""

    def build(*segments, trained=True, most=50, **run):
        tables = {"segments": segments, "contributions": CONTRIBUTIONS, "attributions": ATTRIBUTIONS}
        Store(tmp_path, {}).write_unit("u", tables)
        (tmp_path / "run.json").write_text(
            json.dumps({"trained": trained, "manifest": "", "selection": {}, "labels": [], "config": {}} | run)
        )
        console = Console(width=240, record=True, file=io.StringIO())
        console.print(result_table(load_result(tmp_path), most=most))
        return console.export_text()

    return build


def line_of(text, name):
    (line,) = [line for line in text.splitlines() if line.split("│")[1:2] and line.split("│")[1].strip() == name]
    return [cell.strip() for cell in line.split("│")[1:-1]]


def header_of(text):
    (line,) = [line for line in text.splitlines() if "┃" in line]
    return [cell.strip() for cell in line.split("┃")[1:-1]]


def test_a_segment_shows_what_carried_its_label(printed):
    text = printed(segment("a", label_predicted="joy", probability=0.6))
    assert header_of(text)[:4] == ["segment", "label", "p", "T / A / V %"]
    assert line_of(text, "a") == [
        "a",
        "joy",
        "0.600",
        "64 / 31 / 5",
        "'[laughs]' +0.3100",  # brackets aren't taken for marks of the terminal
        "none positive",  # both half-seconds spoke against the label
        "row 1, column 2 +0.0500",
    ]


def test_of_a_score_the_table_shows_its_sign_and_who_moved_it_most(printed):
    text = printed(segment("a", label_predicted="joy", probability=-1.25), head="score")
    assert header_of(text)[2] == "score"
    assert line_of(text, "a")[1:] == [
        "joy",
        "-1.250",
        "64 / 31 / 5",
        "'not' -0.5000",
        "1.00-1.51 s -0.3000",
        "row 1, column 2 +0.0500",
    ]
    text = printed(segment("a", label_predicted="joy", probability=1.25), head="score")
    assert line_of(text, "a")[2] == "+1.250"


def test_of_a_binary_head_the_probability_is_of_a_yes(printed):
    text = printed(segment("a", label_predicted="joy", probability=0.6), head="binary")
    assert header_of(text)[2] == "P(yes)"
    assert line_of(text, "a")[2:5] == ["0.600", "64 / 31 / 5", "'[laughs]' +0.3100"]


def test_an_absent_modality_shows_as_a_dash(printed):
    text = printed(segment("b", label_predicted="joy", probability=0.6))
    assert line_of(text, "b")[3:] == ["100 / - / -", "-", "-", "-"]


def test_a_failed_segment_shows_why(printed):
    error = "Media file 'x[/old].mp4' doesn't exist"
    text = printed(segment("c[/x]", status=FAILED, error=error))
    cells = line_of(text, "c[/x]")
    assert cells[1] == "failed"
    assert error in cells


def planted(**parts):
    """Segment `a`, joyful, and what carries its joy."""
    extra = [("split", "test"), ("trigger", Trigger(**parts).to_json())]
    return segment("a", label_predicted="joy", label_true="joy", probability=0.6, extra=extra)


def test_a_mark_says_whether_the_strongest_player_is_the_planted_one(printed):
    text = printed(planted(text=TextTrigger(5, 13), audio=AudioTrigger(1600, 1700), video=VideoTrigger(3, 2, 0, 40)))
    assert line_of(text, "a")[4:] == ["'[laughs]' +0.3100 ✓", "none positive ✗", "row 1, column 2 +0.0500 ✗"]
    assert "✓ the strongest player touches what carries the emotion, ✗ it doesn't" in text
    assert "planted trigger found: text 1 of 1, audio 0 of 1, video 0 of 1" in text


def test_only_modalities_that_carry_the_emotion_have_a_mark(printed):
    text = printed(planted(video=VideoTrigger(1, 2, 0, 40)))
    assert line_of(text, "a")[4:] == ["'[laughs]' +0.3100", "none positive", "row 1, column 2 +0.0500 ✓"]
    assert "planted trigger found: video 1 of 1" in text
    assert "text 0" not in text


def test_the_legend_counts_segments_beyond_the_last_line(printed):
    failed = [segment(name, status=FAILED, error="-") for name in ("0", "1")]
    text = printed(*failed, planted(text=TextTrigger(5, 13)), most=2)
    assert "the first 2 of 3 segments" in text
    assert "text 1 of 1" in text


@pytest.mark.parametrize("found", [{}, {"extra": [("trigger", Trigger().to_json())]}, {"extra": [("scene", "s0")]}])
def test_without_anything_planted_there_are_neither_marks_nor_a_legend(printed, found):
    text = printed(segment("a", label_predicted="joy", probability=0.6, **found))
    assert not {"✓", "✗"} & set(text)
    assert "trigger" not in text


def test_an_untrained_model_is_named_in_the_title(printed):
    rows = [segment("a", label_predicted="joy", probability=0.6)]
    warning = "untrained model: random weights, these explanations mean nothing"
    assert warning in printed(*rows, trained=False).split("segment")[0]
    assert warning not in printed(*rows, trained=True)


def test_lines_are_sorted_and_at_most_so_many(printed):
    rows = [segment(name, status=FAILED, error="-") for name in "dbca"]
    text = printed(*rows, most=3)
    assert [line.split("│")[1].strip() for line in text.splitlines() if "failed" in line] == ["a", "b", "c"]
    assert "the first 3 of 4 segments" in text
    assert "4 segments" in printed(*rows)
    assert "first" not in printed(*rows)


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ({"modality": "text", "token": "'t"}, '"\'t" +0.2500'),
        ({"modality": "audio", "start_ms": 500.0, "end_ms": 1000.0}, "0.50-1.00 s +0.2500"),
        ({"modality": "audio", "token": "nog", "start_ms": 500.0, "end_ms": 900.0}, "'nog', 0.50-0.90 s +0.2500"),
        ({"modality": "video", "token": "face", "start_ms": 0.0, "end_ms": 9.0}, "'face' +0.2500"),
        ({"modality": "video", "row": 0, "column": 3, "start_ms": 0.0, "end_ms": 9.0}, "row 0, column 3 +0.2500"),
        ({"modality": "video", "frame_group": 0, "start_ms": 0.0, "end_ms": 400.0}, "0.00-0.40 s +0.2500"),
        (
            {"modality": "video", "frame_group": 0, "start_ms": 0.0, "end_ms": 400.0, "row": 3, "column": 0},
            "0.00-0.40 s, row 3, column 0 +0.2500",
        ),
    ],
)
def test_players_are_named_by_what_they_have(described, words):
    empty = dict.fromkeys(("token", "start_ms", "end_ms", "row", "column", "frame_group"))
    assert describe(empty | described | {"phi": 0.25}) == words


def test_a_runs_own_result_can_be_shown(finished):
    assert result_table(load_result(finished.out)).row_count == 3
