from dataclasses import replace

from batcher.collection import read_collection
from bench.demo import MANIFEST
from bench.planted_run import spread, write_segments


def test_some_clips_are_taken_at_equal_distances():
    assert spread(range(10), 4) == [0, 2, 5, 7]
    assert spread(range(3), 4) == [0, 1, 2]
    assert spread([], 4) == []


def test_a_written_manifest_has_the_same_segments(tmp_path, short_rows, write_manifest):
    short = write_manifest(tmp_path / "short.jsonl", short_rows(2))
    for original in (short, MANIFEST):
        segments = list(read_collection(original))
        again = list(read_collection(write_segments(segments, tmp_path / "manifest.jsonl")))
        assert again == [replace(segment, media=str(segment.path)) for segment in segments]
