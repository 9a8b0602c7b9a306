"""Runs that are taken over, or lose their folder or their disk, and the same command again."""

import errno
import shutil
from dataclasses import replace

import pytest

from batcher.run import explain_collection
from batcher.run.events import UnitDone
from batcher.run.fence import taken
from batcher.run.lock import exclusive
from batcher.store.atomic import replaced
from batcher.store.errors import StoreError, TakenOverError
from batcher.store.files import Store
from batcher.store.result import load_result
from batcher.store.validate import validate


@pytest.fixture
def run(finished, tmp_path):
    """The run over three segments, into a folder of its own."""
    return replace(finished, out=tmp_path / "out")


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_a_worker_that_outlives_its_run_writes_nothing(tmp_path):
    with taken(tmp_path) as earlier, taken(tmp_path):
        with pytest.raises(TakenOverError, match="another run has taken"):
            Store(tmp_path, {}, earlier).write_unit("u", {"segments": []})
        assert not list(tmp_path.rglob("part-*"))


def test_a_file_that_was_made_before_the_next_run_began_isnt_committed_after(tmp_path):
    def late(writing):
        with replaced(tmp_path / "part", writing) as partial:
            partial.write_text("made")
            with taken(tmp_path):
                assert not partial.exists()

    with taken(tmp_path) as earlier, pytest.raises(FileNotFoundError):
        late(earlier)
    assert names(tmp_path) == []


def test_what_a_killed_run_left_is_gone_before_the_next_one_begins(tmp_path):
    left = tmp_path / ".writing-killed"
    left.mkdir()
    (left / "part-x.parquet.host.1.tmp").write_bytes(b"half")
    with exclusive(tmp_path) as writing:
        assert names(tmp_path) == [".lock", writing.name]
    assert names(tmp_path) == [".lock"]


def test_a_run_that_is_taken_over_stops_and_no_segment_stands_twice(run, finished, rows_of):
    def take_over(event):
        if isinstance(event, UnitDone) and event.done == 1:
            with taken(run.out):
                pass

    with pytest.raises(TakenOverError):
        explain_collection(run, take_over)
    assert load_result(run.out).table("segments").num_rows == 1
    explain_collection(run)
    assert rows_of(run.out) == rows_of(finished.out)
    assert validate(load_result(run.out)) == []


def test_a_result_that_is_removed_meanwhile_doesnt_come_back_in_part(run, finished, rows_of):
    def remove(event):
        if isinstance(event, UnitDone) and event.done == 1:
            shutil.rmtree(run.out)

    with pytest.raises(TakenOverError, match="or it was removed"):
        explain_collection(run, remove)
    assert not run.out.exists()
    explain_collection(run)
    assert rows_of(run.out) == rows_of(finished.out)


@pytest.mark.parametrize("full", [1, 2, 6])
def test_a_full_disk_is_an_error_and_no_half_file_counts(run, finished, rows_of, monkeypatch, full):
    from batcher.store import atomic  # noqa: PLC0415

    written, sync = [], atomic.sync  # between a file and its rename

    def fill(path):
        written.append(path)
        if len(written) == full:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(path)

    monkeypatch.setattr(atomic, "sync", fill)
    with pytest.raises(StoreError, match=r"No space left on device. Mend that, and run the same command again"):
        explain_collection(run)
    assert not list(run.out.rglob("*.tmp"))
    monkeypatch.undo()
    monkeypatch.setattr("batcher.run.measured.measure_slices", lambda *_: load_slices(finished))
    explain_collection(run)
    assert rows_of(run.out) == rows_of(finished.out)
    assert validate(load_result(run.out)) == []


def load_slices(finished):
    from batcher.grid.calls import Slices  # noqa: PLC0415

    return Slices(**load_result(finished.out).run["slices"])


def test_a_folder_that_cant_be_made_is_an_error_that_names_it(run, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/out can't be written: .*choose another --out"):
        explain_collection(replace(run, out=tmp_path / "file" / "out"))


def test_a_disk_without_locks_is_an_error(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", none)
    with pytest.raises(StoreError, match="can't be locked"), exclusive(tmp_path):
        pass
