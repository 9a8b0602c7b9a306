import pytest

from batcher.store.files import Store
from batcher.store.result import ResultError
from report.explained import explained_segments, find_explained


def test_rows_of_one_segment_come_together(result):
    found = find_explained(result, "whole")
    assert (found.segment_id, found.label, found.contribution["label"]) == ("whole", "joy", "joy")
    assert [len(found.of(modality)) for modality in ("text", "audio", "video")] == [5, 4, 16]
    assert [player["player"] for player in found.of("video")] == list(range(16))
    assert find_explained(result, "words").of("audio") == ()


def test_every_explained_segment_comes(result, monkeypatch):
    monkeypatch.setattr("report.explained.TOGETHER", 1)
    assert [found.segment_id for found in explained_segments(result)] == ["whole", "words"]


def test_what_has_no_explanation_is_refused(result):
    with pytest.raises(ResultError, match=r"holds no segment 'b'"):
        find_explained(result, "b")
    with pytest.raises(ResultError, match=r"'torn' has no explanation: decode: 'c.mp4' is torn"):
        find_explained(result, "torn")


def test_some_segments_come_from_whichever_file_has_them(result_of_rows, explained_rows):
    result = result_of_rows({"a": explained_rows["whole"]})
    segment, contribution, players = explained_rows["words"]
    tables = {"segments": [segment], "contributions": [contribution], "attributions": players}
    named = {name: [row | {"segment_id": "b"} for row in rows] for name, rows in tables.items()}
    Store(result.folder, {}).write_unit("v", named)
    Store(result.folder, {}).write_unit("w", {"segments": [segment | {"segment_id": "c", "status": "failed"}]})
    assert [len(found.of("text")) for found in explained_segments(result)] == [5, 5]
    assert [found.segment_id for found in explained_segments(result, ["b", "c", "x"])] == ["b"]


def test_a_share_is_the_plain_one_where_there_are_no_errors(result_of_rows, explained_rows):
    segment, contribution, players = explained_rows["words"]
    bare = contribution | {f"share_text{end}": None for end in ("", "_low", "_high")}
    found = find_explained(result_of_rows({"a": (segment, bare, players)}), "a")
    assert found.share("text") == (1.0, None, None)
    assert found.share("audio") == (None, None, None)
