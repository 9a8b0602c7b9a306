import re
from pathlib import Path

import duckdb
import pytest

DOCS = Path(__file__).parents[2] / "docs" / "results.md"
QUERIES = re.findall(r"```sql\n(.*?)```", DOCS.read_text(), re.DOTALL)


@pytest.fixture
def ask(result, monkeypatch):
    """Rows of one of the document's queries, in the result's folder."""
    monkeypatch.chdir(result.folder)
    return lambda number: duckdb.connect().sql(QUERIES[number]).fetchall()


@pytest.fixture
def rows(result):
    return {name: result.table(name).to_pylist() for name in ("segments", "contributions", "attributions")}


def test_there_are_six():
    assert len(QUERIES) == 6


def test_mean_shares_of_each_label(ask, rows):
    whole = next(row for row in rows["contributions"] if row["segment_id"] == "whole")
    ((label, segments, *shares),) = ask(0)
    assert (label, segments) == ("joy", 1)
    assert shares == pytest.approx([whole[f"share_{modality}"] for modality in ("text", "audio", "video")])


def test_words_that_speak_for_a_label(ask):
    found = {(label, token): (times, phi) for label, token, times, phi in ask(1)}
    assert next(iter(found)) == ("joy", "nice")
    assert found["joy", "it"] == (4, pytest.approx(0.035))


def test_segments_that_lean_on_the_picture(result_of_rows, explained_rows, monkeypatch):
    segment, contribution, players = explained_rows["whole"]
    ends = {name: contribution | {"share_video_low": low} for name, low in (("sure", 0.51), ("unsure", 0.49))}
    result = result_of_rows({name: (segment, row, players) for name, row in ends.items()})
    monkeypatch.chdir(result.folder)
    assert [row[0] for row in duckdb.connect().sql(QUERIES[2]).fetchall()] == ["sure"]


def test_the_strongest_half_second(ask):
    ((segment_id, label, start, end, phi, se),) = ask(3)
    assert (segment_id, label, start, end) == ("whole", "joy", 1000, 1500)
    assert (phi, se) == pytest.approx((0.05, 0.004))


def test_a_programme_from_minute_to_minute(result_of_rows, explained_rows, monkeypatch):
    segment, contribution, players = explained_rows["whole"]
    seen = [(59_999.0, "joy", 0.2), (60_000.0, "neutral", 0.3), (70_000.0, "neutral", 0.7), (80_000.0, "joy", None)]
    rows = {
        str(i): (
            segment | {"program_id": "news", "start_ms": start, "label_predicted": label},
            contribution | {"label": label, "share_audio": audio},
            players,
        )
        for i, (start, label, audio) in enumerate(seen)
    }
    result = result_of_rows(rows | {"alone": explained_rows["whole"]})
    monkeypatch.chdir(result.folder)
    assert duckdb.connect().sql(QUERIES[4]).fetchall() == [
        ("a.mp4", 0, 1, "joy", pytest.approx(contribution["share_audio"])),
        ("news", 0, 1, "joy", pytest.approx(0.2)),
        ("news", 1, 3, "neutral", pytest.approx(0.5)),
    ]


def test_why_segments_failed(ask):
    assert ask(5) == [("decode", "... is torn", 1, "torn")]
