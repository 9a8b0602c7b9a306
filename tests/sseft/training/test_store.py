import numpy as np
import pytest
import torch

from sseft.training import store
from sseft.training.store import FolderStore, MemoryStore, digest_of, key_of


def features(length, seed=0):
    return torch.randn(length, 4, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=[MemoryStore, FolderStore])
def kept(request, tmp_path):
    return request.param(tmp_path) if request.param is FolderStore else request.param()


def test_what_was_added_is_there_at_once_and_after_it_was_written(kept):
    kept.add("a", features(3))
    kept.add("none", torch.zeros(0, 4))
    for _ in range(2):
        assert torch.equal(kept["a"], features(3))
        assert kept["none"].shape == (0, 4)
        assert "b" not in kept
        kept.flush()


def test_another_process_finds_what_was_written_and_not_what_was_held_back(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SHARD_BYTES", 2 * features(3).nbytes)
    first = FolderStore(tmp_path)
    for i in range(5):
        first.add(str(i), features(3, i))
    second = FolderStore(tmp_path)
    assert [str(i) in second for i in range(5)] == [True, True, True, True, False]
    assert all(torch.equal(second[str(i)], features(3, i)) for i in range(4))


def test_a_file_that_was_never_finished_is_removed(tmp_path):
    (tmp_path / ".abc.7.unfinished").write_bytes(b"torn")
    FolderStore(tmp_path).add("a", features(2))
    assert list(tmp_path.iterdir()) == []


def test_a_segment_takes_what_its_numbers_take(tmp_path):
    """At the published size: 12 tokens, 3.2 s of sound, 80 pictures, which docs/training.md multiplies by 10,000."""
    numbers = 0
    for name, (length, dim) in {"text": (12, 1024), "audio": (320, 512), "video": (80, 256)}.items():
        kept = FolderStore(tmp_path / name)
        for i in range(10):
            kept.add(str(i), torch.zeros(length, dim))
        kept.flush()
        numbers += length * dim
    stored = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert 4 * numbers == pytest.approx(0.79e6, rel=0.01)
    assert stored == pytest.approx(10 * 4 * numbers, rel=0.01)


def test_other_weights_have_another_digest(build, config):
    model, other = build(), build()
    assert digest_of(model.text, config.preprocessing) == digest_of(other.text, config.preprocessing)
    with torch.no_grad():
        next(other.text.parameters())[0, 0] += 1e-6
    assert digest_of(model.text, config.preprocessing) != digest_of(other.text, config.preprocessing)


def test_a_key_is_of_words_or_of_the_file_as_it_is_now(sources, tmp_path):
    source = sources[0]
    assert key_of(source, "text") != key_of(sources[1], "text")
    copied = tmp_path / "clip.mp4"
    copied.write_bytes(source.path.read_bytes())
    moved = type(source)(**vars(source) | {"path": copied})
    before = key_of(moved, "audio")
    assert before != key_of(source, "audio")
    copied.write_bytes(copied.read_bytes() + b"x")
    assert key_of(moved, "audio") != before
    assert np.array_equal(key_of(moved, "text"), key_of(source, "text"))
