"""Runs that are taken over, or lose their folder or their disk, and the same command again."""

import errno
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from batcher import decode
from batcher.collection import CollectionError
from batcher.outcome import EXPLAINED
from batcher.run import explain_collection
from batcher.run.events import Started, UnitDone
from batcher.run.fence import taken
from batcher.run.lock import exclusive
from batcher.store.atomic import replaced
from batcher.store.errors import StoreError, TakenOverError
from batcher.store.files import Store
from batcher.store.result import load_result
from batcher.store.validate import validate
from export.artefact import ArtefactError


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


@pytest.fixture
def read_only(run, monkeypatch):
    """Makes the disk below the result's folder refuse to be written, to root too, whom no mode of a folder stops."""

    def refuse(path):
        if path.is_relative_to(run.out):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    def mkdir(path, *more, **named):
        if not path.exists():
            refuse(path)
        made(path, *more, **named)

    def open_file(path, mode="r", *more, **named):
        if "r" not in mode:
            refuse(path)
        return opened(path, mode, *more, **named)

    made, opened = Path.mkdir, Path.open

    def remount():
        monkeypatch.setattr(Path, "mkdir", mkdir)
        monkeypatch.setattr(Path, "open", open_file)

    return remount


@pytest.mark.parametrize("there", ["nothing", "an empty folder", "a result"])
def test_a_read_only_disk_is_an_error_that_names_the_folder(run, finished, read_only, there):
    if there == "an empty folder":
        run.out.mkdir()
    elif there == "a result":
        shutil.copytree(finished.out, run.out)
    before = names(run.out)
    read_only()
    message = rf"{re.escape(str(run.out))} can't be written: .*Read-only file system.*choose another --out"
    with pytest.raises(StoreError, match=message):
        explain_collection(run)
    assert names(run.out) == before


def after_the_first(what):
    """Does something once a segment is explained."""

    def on_event(event):
        if isinstance(event, UnitDone) and event.done == 1:
            what()

    return on_event


def test_a_model_that_is_removed_meanwhile_is_no_segments_fault(run, finished, model, tmp_path, rows_of):
    copy = shutil.copytree(model, tmp_path / "model")

    def unplugged():
        shutil.rmtree(copy)
        decode._tokenizer.cache_clear()  # noqa: SLF001  # as in a process that begins to decode now

    run = replace(run, artefact=copy)
    with pytest.raises(ArtefactError, match=r"tokenizer.json can't be read any more .*Put the model's folder back"):
        explain_collection(run, after_the_first(unplugged))
    assert statuses(run.out) == [EXPLAINED]
    shutil.copytree(model, copy)
    explain_collection(run)
    assert rows_of(run.out) == rows_of(finished.out)


def test_a_manifest_that_is_removed_before_its_segments_are_given_out_ends_the_run(run, finished, rows_of, tmp_path):
    manifest = Path(shutil.copy(finished.manifest, tmp_path))
    run = replace(run, manifest=manifest)

    def remove(event):
        if isinstance(event, Started):
            manifest.unlink()

    with pytest.raises(CollectionError, match=rf"{re.escape(str(manifest))} is no file; give one that ends in"):
        explain_collection(run, remove)
    shutil.copy(finished.manifest, manifest)
    explain_collection(run)
    assert rows_of(run.out) == rows_of(finished.out)


def test_a_manifest_that_is_removed_later_is_read_to_its_end(run, finished, rows_of, tmp_path):
    run = replace(run, manifest=Path(shutil.copy(finished.manifest, tmp_path)))
    explain_collection(run, after_the_first(run.manifest.unlink))
    assert rows_of(run.out) == rows_of(finished.out)
    assert validate(load_result(run.out)) == [
        f"missing segments can't be found: {run.manifest} is no file; give one that ends in .csv, .jsonl, .parquet"
    ]


def test_without_its_manifest_nothing_of_a_result_is_touched(run, finished, tmp_path):
    run = replace(run, manifest=Path(shutil.copy(finished.manifest, tmp_path)))
    explain_collection(run)
    before = {path: path.read_bytes() for path in run.out.rglob("*") if path.is_file()}
    run.manifest.unlink()
    with pytest.raises(CollectionError, match="is no file; give one that ends in"):
        explain_collection(run)
    assert {path: path.read_bytes() for path in run.out.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["manifest.jsonl", "manifest.csv"])
def test_a_manifest_that_cant_be_read_says_why(run, monkeypatch, tmp_path, name):
    manifest = tmp_path / name
    manifest.write_text("segment_id,media\n")

    def stale(path, *more, **named):
        if path == manifest:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        return opened(path, *more, **named)

    opened = Path.open
    monkeypatch.setattr(Path, "open", stale)
    with pytest.raises(CollectionError, match=rf"{name} can't be read.*Stale file handle"):
        explain_collection(replace(run, manifest=manifest))
    assert not run.out.exists()


def statuses(folder):
    return load_result(folder).table("segments")["status"].to_pylist()


def test_a_disk_without_locks_is_an_error(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", none)
    with pytest.raises(StoreError, match="can't be locked"), exclusive(tmp_path):
        pass
