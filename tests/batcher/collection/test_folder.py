import os

import pytest

from batcher.collection import CollectionError, read_collection

SRT = "1\n00:00:01,000 --> 00:00:02,000\nhallo\n\n2\n00:00:01,000 --> 00:00:02,000\ndag\n"


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "p1__c1.mp4").touch()
    (tmp_path / "news" / "p1__c1.nl.srt").write_text(SRT)
    (tmp_path / "news" / "again").symlink_to(tmp_path)
    (tmp_path / ".hidden.mp4").touch()
    return tmp_path


def test_each_cue_is_a_segment_and_loops_of_links_end(archive):
    first, second = read_collection(archive)
    assert [first.segment_id, second.segment_id] == [
        "news/p1__c1.mp4#t=1.000,2.000",
        "news/p1__c1.mp4#t=1.000,2.000&id=2",
    ]
    assert (first.media, first.path) == ("news/p1__c1.mp4", archive / "news" / "p1__c1.mp4")
    assert (first.start_ms, first.end_ms, first.text, first.language) == (1000.0, 2000.0, "hallo", "nl")
    assert (first.program_id, first.carrier_id) == ("p1", "c1")


def test_media_without_a_transcript_are_an_error_or_left_out(archive):
    (archive / "radio.mp3").touch()
    with pytest.raises(
        CollectionError, match=r"radio\.mp3 has no transcript beside it; make them by `mmexplain segment`"
    ):
        list(read_collection(archive))
    bad = []
    assert len(list(read_collection(archive, bad.append))) == 2
    assert [row.place for row in bad] == [str(archive / "radio.mp3")]


def test_a_folder_without_media_is_an_error(tmp_path):
    with pytest.raises(CollectionError, match="holds no media"):
        list(read_collection(tmp_path))


def test_a_name_that_isnt_utf_8_is_a_bad_row(archive):
    name = os.fsdecode(b"caf\xe9.mp4")
    (archive / name).write_bytes(b"")
    with pytest.raises(CollectionError, match=r"caf\\udce9.mp4' has a name that isn't UTF-8; rename it"):
        list(read_collection(archive))


def test_half_an_emoji_in_a_transcript_is_a_bad_row(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    words = '{"segments": [{"start": 0, "end": 1, "text": "Hi \\ud83d there"}]}'
    (tmp_path / "a.whisper-transcript.json").write_text(words)
    with pytest.raises(CollectionError, match="has half a character in text"):
        list(read_collection(tmp_path))
