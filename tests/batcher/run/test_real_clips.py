"""Real archive material: every file gets its row."""

import av
import pytest

from batcher.options import Options
from batcher.outcome import EXPLAINED, FAILED
from batcher.run import Run, explain_collection
from batcher.store.result import load_result
from batcher.store.validate import validate

WORDS = {
    "grid_bbaf2n.mpg": "bin blue at F two now",
    "grid_swiz3n.mpg": "set white in Z three now",
    "jfk.flac": "And so, my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country.",
}


@pytest.fixture(scope="module")
def explained(real_clips, tmp_path_factory, write_manifest, model):
    folder = tmp_path_factory.mktemp("real")
    (folder / "text.mp4").write_text("this was never a film\n" * 50)
    paths = [*sorted(path for path in real_clips.iterdir() if path.is_file()), folder / "text.mp4"]
    rows = [{"segment_id": path.name, "media": str(path), "text": WORDS.get(path.name)} for path in paths]
    options = Options(max_masks=8, video_players="time")
    run = Run(write_manifest(folder / "manifest.jsonl", rows), model, folder / "out", options, workers=0)
    explain_collection(run)
    segments = load_result(run.out).table("segments").to_pylist()
    return run, paths, {row["segment_id"]: row for row in segments}


def streams(path):
    """Kinds of stream that a file holds."""
    with av.open(str(path)) as container:
        return {stream.type for stream in container.streams} & {"audio", "video"}


def test_every_file_has_one_row(explained):
    _, paths, rows = explained
    assert rows.keys() == {path.name for path in paths}
    assert rows["text.mp4"]["status"] == FAILED


def test_each_is_explained_by_what_it_has(explained):
    _, paths, rows = explained
    for path in paths[:-1]:
        row = rows[path.name]
        assert row["status"] == EXPLAINED, row["error"]
        expected = streams(path) | ({"text"} if path.name in WORDS else set())
        assert {m for m in ("text", "audio", "video") if row[f"players_{m}"]} == expected


def test_what_the_model_cant_see_whole_says_so(explained):
    _, _, rows = explained
    assert rows["jfk.flac"]["cut"]  # 11 s, and the model hears 9.4
    assert rows["jfk.flac"]["end_ms"] == pytest.approx(11_000, abs=10)
    assert not rows["grid_bbaf2n.mpg"]["cut"]


def test_the_result_is_valid(explained):
    run, _, _ = explained
    assert validate(load_result(run.out)) == []
