import pytest

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
