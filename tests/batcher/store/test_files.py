import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from batcher.outcome import EXPLAINED, FAILED, UNAVAILABLE
from batcher.store.atomic import replaced
from batcher.store.errors import StoreError, TakenOverError
from batcher.store.files import Store
from batcher.store.ledger import record
from batcher.store.result import REQUIRED, Result, ResultError, load_result
from batcher.store.schema import METADATA_KEY, TABLES

METADATA = {"schema_version": 1, "labels": ["a", "b"]}


def segment_row(name, status=EXPLAINED):
    return {
        "segment_id": name,
        "media": "1.mp4",
        "start_ms": 0.0,
        "p_none": [0.25, 0.75],
        "p_all": [0.5, 0.5],
        "status": status,
        "extra": [("speaker", "Ann"), ("scene", "3")],
    }


def unit_rows(*segments):
    """Tables of a unit, from pairs of segment id and status."""
    explained = [name for name, status in segments if status == EXPLAINED]
    return {
        "contributions": [
            {"segment_id": name, "label": "b", "v_none": 0.25, "v_all": 0.5, "share_text_plain": 1.0}
            for name in explained
        ],
        "attributions": [
            {"segment_id": name, "label": "b", "modality": "text", "player": 0, "token": "é", "phi": 0.25}
            for name in explained
        ],
        "timings": [{"segment_id": name, "decode_s": 0.5, "attempts": 1, "host": "h"} for name, _ in segments],
        "segments": [segment_row(*segment) for segment in segments],
    }


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path, METADATA)


def statuses(store):
    return {name: done.status for name, done in store.committed().items()}


def everything(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def read(store, table):
    return Result(store.folder, {}).table(table).to_pylist()


def test_what_is_written_is_read(store):
    tables = unit_rows(("a", EXPLAINED), ("b", FAILED))
    store.write_unit("u", tables)
    for name, rows in tables.items():
        found = read(store, name)
        assert [{key: row[key] for key in written} for row, written in zip(found, rows, strict=True)] == rows
        left = [row[key] for row, written in zip(found, rows, strict=True) for key in row.keys() - written.keys()]
        assert set(left) <= {None}


def test_every_file_has_its_schema_and_says_what_it_comes_from(store):
    store.write_unit("u", unit_rows(("a", EXPLAINED)))
    for name, schema in TABLES.items():
        stored = pq.read_schema(store.path(name, "u"))
        assert stored.equals(schema, check_metadata=False)
        for field in schema:
            assert stored.field(field.name).metadata[b"description"] == field.metadata[b"description"]
            assert stored.field(field.name).metadata.get(b"unit") == field.metadata.get(b"unit")
        assert json.loads(stored.metadata[METADATA_KEY]) == METADATA


def test_a_unit_may_have_no_row_of_a_table(store):
    store.write_unit("u", unit_rows(("a", FAILED)))
    assert read(store, "attributions") == []
    assert statuses(store) == {"a": FAILED}


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("broken", ["pq.write_table", "os.fsync", "Path.replace"])
def test_a_unit_that_breaks_while_it_is_written_is_not_committed(store, monkeypatch, broken, step):
    store.write_unit("first", unit_rows(("a", EXPLAINED)))
    committed = everything(store.folder)
    steps = step * (2 if broken == "os.fsync" else 1)  # each table syncs its file and its folder
    owner, name = {
        "pq.write_table": (pq, "write_table"),
        "os.fsync": (os, "fsync"),
        "Path.replace": (Path, "replace"),
    }[broken]
    whole = getattr(owner, name)
    calls = []

    def breaks(*args, **kwargs):
        calls.append(args)
        if len(calls) > steps:
            raise OSError("No space left on device")
        return whole(*args, **kwargs)

    monkeypatch.setattr(owner, name, breaks)
    with pytest.raises(StoreError, match=r"No space left.*run the same command again"):
        store.write_unit("second", unit_rows(("b", EXPLAINED)))
    monkeypatch.undo()
    assert not store.is_committed("second")
    assert statuses(store) == {"a": EXPLAINED}
    assert not list(store.folder.rglob("*.tmp"))
    assert store.clean() == step
    assert everything(store.folder) == committed
    store.write_unit("second", unit_rows(("b", EXPLAINED)))
    assert statuses(store) == {"a": EXPLAINED, "b": EXPLAINED}


def test_a_second_try_overwrites_the_first(store):
    store.write_unit("u", {"attributions": unit_rows(("a", EXPLAINED))["attributions"] * 5})
    store.write_unit("u", unit_rows(("a", EXPLAINED)))
    assert len(read(store, "attributions")) == 1


def test_cleaning_removes_what_never_committed_and_nothing_else(store):
    store.write_unit("done", unit_rows(("a", EXPLAINED)))
    committed = everything(store.folder)
    tables = unit_rows(("b", EXPLAINED))
    del tables["segments"]
    store.write_unit("left", tables)
    for name in TABLES:
        (store.folder / name / "part-done.parquet.77.tmp").write_bytes(b"half a file")
    assert store.clean() == 7
    assert everything(store.folder) == committed
    assert store.clean() == 0


def test_dropped_segments_leave_the_rest_of_their_unit(store):
    store.write_unit("u", unit_rows(("a", EXPLAINED), ("b", FAILED), ("c", UNAVAILABLE), ("d", EXPLAINED)))
    before = {name: read(store, name) for name in TABLES}
    store.drop({"b"})
    assert statuses(store) == {"a": EXPLAINED, "c": UNAVAILABLE, "d": EXPLAINED}
    for name in TABLES:
        assert read(store, name) == [row for row in before[name] if row["segment_id"] != "b"]
        assert METADATA_KEY in pq.read_schema(store.path(name, "u")).metadata
    kept = everything(store.folder)
    store.drop({"b", "x"})
    assert everything(store.folder) == kept


def test_a_unit_without_any_segment_left_is_not_committed(store):
    store.write_unit("u", unit_rows(("a", FAILED), ("b", FAILED)))
    store.write_unit("v", unit_rows(("c", EXPLAINED)))
    others = [store.path(name, "v").read_bytes() for name in TABLES]
    store.drop({"a", "b"})
    assert not store.is_committed("u")
    assert statuses(store) == {"c": EXPLAINED}
    store.clean()
    assert [store.path(name, "v").read_bytes() for name in TABLES] == others
    assert sorted(path.name for path in store.folder.rglob("*.parquet")) == ["part-v.parquet"] * 4


def test_a_drop_that_is_cut_short_is_done_again(store, monkeypatch):
    store.write_unit("u", unit_rows(("a", EXPLAINED), ("b", FAILED)))
    whole = Path.replace

    def breaks(path, target):
        if target.parent.name == "segments":
            raise OSError("killed")
        return whole(path, target)

    monkeypatch.setattr(Path, "replace", breaks)
    with pytest.raises(StoreError, match="killed"):
        store.drop({"b"})
    monkeypatch.undo()
    assert statuses(store) == {"a": EXPLAINED, "b": FAILED}
    store.drop({"b"})
    assert [row["segment_id"] for row in read(store, "timings")] == ["a"]


def test_a_replaced_file_is_the_old_one_or_the_new_one(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("old")

    def breaks():
        with replaced(path) as partial:
            partial.write_text("ne")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    assert path.read_text() == "old"
    with replaced(path) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_result_without_files_has_empty_tables(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps(dict.fromkeys(REQUIRED)))
    result = load_result(tmp_path)
    for name, schema in TABLES.items():
        assert result.table(name).schema.equals(schema)
    assert result.table("segments", ["status"]).column_names == ["status"]


def test_what_is_no_result_is_named(tmp_path):
    with pytest.raises(ResultError, match=r"run.json doesn't exist; give a folder that `mmexplain explain` wrote"):
        load_result(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ResultError, match=r"run.json can't be read"):
        load_result(tmp_path)
    with pytest.raises(ResultError, match="no table 'segment'; its tables are contributions, attributions"):
        Result(tmp_path, {}).table("segment")


def test_a_store_that_was_shut_out_removes_nothing(tmp_path):
    other = Store(tmp_path, METADATA)
    other.write_unit("begun", {"contributions": unit_rows(("a", EXPLAINED))["contributions"]})
    before = everything(tmp_path)
    late = replace(other, writing=tmp_path / ".writing-gone")
    for remove in (late.clean, lambda: late.drop({"a"})):
        with pytest.raises(TakenOverError, match="another run has taken"):
            remove()
    assert everything(tmp_path) == before


def test_what_cant_be_removed_is_said(store, monkeypatch):
    store.write_unit("begun", {"contributions": unit_rows(("a", EXPLAINED))["contributions"]})

    def refuse(_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StoreError, match=r"Read-only file system\. Mend that, and run the same command again"):
        store.clean()


def test_a_ledger_that_cant_be_written_ends_nothing(store, monkeypatch):
    store.write_unit("done", unit_rows(("a", EXPLAINED)))
    monkeypatch.setattr("batcher.store.ledger.WORTH", 1)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", full)
        record(store.folder)
    assert statuses(store) == {"a": EXPLAINED}
