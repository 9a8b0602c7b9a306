"""Compacting: the same rows in fewer files, whenever it is killed."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batcher.collection import read_collection
from batcher.outcome import EXPLAINED, FAILED
from batcher.run import Run, explain_collection
from batcher.selection import Selection
from batcher.store import compact as compacting
from batcher.store.compact import Compacted, RowGroups, compact
from batcher.store.errors import StoreError
from batcher.store.files import Store
from batcher.store.journal import JOURNAL, Journal
from batcher.store.parts import committed_parts
from batcher.store.result import Result, load_result
from batcher.store.schema import METADATA_KEY, TABLES
from batcher.store.validate import validate

V1 = Path(__file__).parents[2] / "data" / "result_v1"
ENDED = 500
"""More steps than a compaction has."""


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def killed_at(monkeypatch):
    """Runs something that is killed before its n-th operation on a file; then no other does anything either.

    Returns whether it ended before that.
    """

    def run(n, what):
        steps = []

        def mortal(whole):
            def operation(*args, **kwargs):
                steps.append(args)
                if len(steps) > n:
                    raise Killed
                return whole(*args, **kwargs)

            return operation

        with monkeypatch.context() as patch:
            for owner, name in (
                (Path, "replace"),
                (Path, "unlink"),
                (Path, "write_text"),
                (shutil, "rmtree"),
                (RowGroups, "flush"),
            ):
                patch.setattr(owner, name, mortal(getattr(owner, name)))
            try:
                what()
            except Killed:
                return False
        return True

    return run


def rows(folder):
    """The rows of every table, in one order."""
    found = {}
    for name in TABLES:
        read = load_result(folder).table(name).to_pylist()
        found[name] = sorted(map(repr, read))
    return found


def done(folder):
    return Store(folder, {}).committed()


@pytest.fixture
def in_pairs(monkeypatch, result_copy):
    """A target that any two of the result's three units reach, and none alone."""
    target = 1 + max(path.stat().st_size for path in result_copy.rglob("part-*"))
    whole = RowGroups.add

    def add(self, batches):
        whole(self, batches)
        self.units = getattr(self, "units", 0) + 1

    monkeypatch.setattr(RowGroups, "add", add)
    monkeypatch.setattr(RowGroups, "size", property(lambda self: self.units * target // 2 + 1))
    monkeypatch.setattr(compacting, "ROW_GROUP_BYTES", 1)
    return target


def state(folder):
    """Which files there are, and how large; merged units have other names each time."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted((re.sub("[0-9a-f]{32}", "", str(path.relative_to(folder))), path.stat().st_size) for path in paths)


def test_a_result_is_valid_whenever_its_compaction_is_killed(result_copy, tmp_path, killed_at, in_pairs):
    before, ids = rows(result_copy), done(result_copy)
    seen = []
    for step in range(ENDED):
        folder = shutil.copytree(result_copy, tmp_path / f"killed{step}")
        ended = killed_at(step, lambda folder=folder: compact(folder, in_pairs))
        if state(folder) not in seen:
            seen.append(state(folder))
            assert validate(load_result(folder)) == [], step
            assert rows(folder) == before, step
            assert done(folder) == ids, step
            cleaned = shutil.copytree(folder, tmp_path / f"cleaned{step}")
            Store(cleaned, {}).clean()
            assert rows(cleaned) == before, step
            assert not (cleaned / JOURNAL).exists()
            assert {len(list((cleaned / table).iterdir())) for table in TABLES} == {len(committed_parts(cleaned))}
            compact(folder, in_pairs)
            assert rows(folder) == before, step
            assert {len(list((folder / table).iterdir())) for table in TABLES} == {2}, step
        if ended:
            break
    assert len(seen) > 10
    assert step < ENDED - 1


def test_completing_may_be_killed_too(result_copy, tmp_path, killed_at):
    before = rows(result_copy)

    def committed(folder):
        return len(list((folder / "segments").glob("part-*.parquet"))) == 4

    step = 0
    while True:  # until the merged unit stands beside those that it replaces
        folder = shutil.copytree(result_copy, tmp_path / f"killed{step}")
        killed_at(step, lambda folder=folder: compact(folder))
        if committed(folder):
            break
        step += 1
    for again in range(ENDED):
        copy = shutil.copytree(folder, tmp_path / f"again{again}")
        ended = killed_at(again, lambda copy=copy: compact(copy))
        assert rows(copy) == before
        assert validate(load_result(copy)) == []
        if ended:
            break
    assert again > 5


def test_a_second_time_changes_nothing(result_copy):
    assert compact(result_copy) == Compacted(replaced=3, merged=1)
    files = {path: path.read_bytes() for path in result_copy.rglob("*") if path.is_file()}
    assert compact(result_copy) == Compacted(replaced=0, merged=0)
    assert {path: path.read_bytes() for path in result_copy.rglob("*") if path.is_file()} == files


def test_large_files_are_left_alone(result_copy, in_pairs):
    assert compact(result_copy, in_pairs).merged == 1
    large = committed_parts(result_copy)
    assert compact(result_copy, in_pairs).merged == 0
    assert committed_parts(result_copy) == large
    assert compact(result_copy, 1) == Compacted(0, 0)


def test_a_merged_file_has_schema_and_key_and_row_groups_of_neighbours(result_copy, monkeypatch):
    (first, *_) = (result_copy / "segments").glob("part-*")
    key = pq.read_schema(first).metadata[METADATA_KEY]
    monkeypatch.setattr(compacting, "ROW_GROUP_BYTES", 1)
    compact(result_copy)
    for table, schema in TABLES.items():
        (path,) = (result_copy / table).iterdir()
        with pq.ParquetFile(path) as file:
            stored = file.schema_arrow
            assert stored.equals(schema)
            assert stored.metadata[METADATA_KEY] == key
            assert all(stored.field(f.name).metadata[b"description"] == f.metadata[b"description"] for f in schema)
            statistics = [file.metadata.row_group(g).column(0).statistics for g in range(file.num_row_groups)]
        bounds = [(s.min, s.max) for s in statistics]
        assert len(bounds) >= 3
        assert bounds == sorted(bounds)
        assert all(low == high for low, high in bounds)


def segment_row(name, status=EXPLAINED):
    return {"segment_id": name, "media": "1.mp4", "start_ms": 0.0, "status": status, "extra": []}


def write(store, unit_id, *segments):
    timings = [{"segment_id": name, "attempts": 1, "host": "h"} for name, _ in segments]
    tables = {"contributions": [], "attributions": [], "timings": timings}
    store.write_unit(unit_id, tables | {"segments": [segment_row(*segment) for segment in segments]})


def test_files_that_say_different_things_are_not_merged(tmp_path):
    for version in ("1", "2"):
        store = Store(tmp_path, {"versions": {"numpy": version}})
        for i in range(3):
            write(store, f"{version}{i}", (f"{version} {i}", EXPLAINED))
    assert compact(tmp_path) == Compacted(replaced=6, merged=2)
    for name in committed_parts(tmp_path):
        table = pq.read_table(tmp_path / "segments" / name)
        version = json.loads(table.schema.metadata[METADATA_KEY])["versions"]["numpy"]
        assert [segment_id[0] for segment_id in table["segment_id"].to_pylist()] == [version] * 3


def test_a_unit_that_comes_again_under_its_name_is_merged_again(tmp_path):
    store = Store(tmp_path, {})
    for i in range(3):  # failed, compacted, taken back, failed again
        write(store, "a", ("a", FAILED))
        write(store, "b", ("b", FAILED))
        write(store, "c", (f"c{i}", EXPLAINED))
        compact(tmp_path)
        assert {"a", "b"} < done(tmp_path).keys()
        store.drop({"a", "b"})
    store.clean()
    assert set(done(tmp_path)) == {"c0", "c1", "c2"}


def test_a_merged_unit_whose_segments_are_all_taken_back_brings_no_replaced_one_back(tmp_path, killed_at):
    store = Store(tmp_path, {})
    write(store, "a", ("a", FAILED))
    write(store, "b", ("b", FAILED))
    for step in range(ENDED):
        killed_at(step, lambda: compact(tmp_path))
        if len(list((tmp_path / "segments").glob("part-*.parquet"))) == 3:
            break
    assert not store.is_committed("a")
    store.drop({"a", "b"})
    store.clean()
    assert done(tmp_path) == {}


def test_a_journal_that_cant_be_read_is_named(result_copy):
    (result_copy / JOURNAL).write_text("{")
    with pytest.raises(StoreError, match=r"compact.json can't be read .*mend it"):
        compact(result_copy)


def test_a_full_disk_leaves_the_result_as_it_was(result_copy, monkeypatch):
    before = rows(result_copy)

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(Journal, "write", full)
    with pytest.raises(StoreError, match=r"No space left.*run the same command again"):
        compact(result_copy)
    assert rows(result_copy) == before
    assert validate(load_result(result_copy)) == []


def test_a_compacted_result_is_resumed_grown_and_compacted_again(finished, tmp_path, rows_of):
    run = replace(finished, out=tmp_path / "out")
    explain_collection(replace(run, selection=Selection(limit=2)))
    compact(run.out)
    merged = committed_parts(run.out)
    assert explain_collection(run).explained == 3
    assert merged < committed_parts(run.out)
    assert rows_of(run.out) == rows_of(finished.out)
    assert compact(run.out) == Compacted(replaced=2, merged=1)
    assert rows_of(run.out) == rows_of(finished.out)
    assert validate(load_result(run.out)) == []


def test_failures_of_a_compacted_result_are_tried_again(short_rows, write_manifest, model, cheap, tmp_path):
    given = short_rows(3)
    there, given[1]["media"] = given[1]["media"], str(tmp_path / "later.mp4")
    manifest = write_manifest(tmp_path / "manifest.jsonl", given)
    run = Run(manifest, model, tmp_path / "out", cheap, workers=0)
    assert explain_collection(run).failed == 1
    compact(run.out)
    shutil.copy(there, tmp_path / "later.mp4")
    assert explain_collection(run).failed == 1
    assert explain_collection(replace(run, retry_errors=True)).failed == 0
    assert validate(load_result(run.out)) == []
    compact(run.out)
    assert validate(load_result(run.out)) == []


@pytest.fixture
def first_version(tmp_path, demo_manifest, model):
    """A result that was written when the schema's version was 1; paths are today's."""
    folder = shutil.copytree(V1, tmp_path / "v1")
    stored = json.loads((folder / "run.json").read_text())
    assert stored["schema_version"] == 1
    places = {"manifest": str(demo_manifest), "artefact_folder": str(model)}
    (folder / "run.json").write_text(json.dumps(stored | places))
    return folder


def test_a_result_of_the_first_version_is_valid_and_compacted(first_version):
    assert validate(load_result(first_version)) == []
    table = load_result(first_version).table("segments")
    assert table.schema.names == TABLES["segments"].names
    assert len(table) == 2
    attributions = load_result(first_version).table("attributions")
    assert attributions.schema.names == TABLES["attributions"].names
    assert attributions["cells"].null_count == len(attributions)  # a column that it lacks
    before = rows(first_version)
    key = Result(first_version, {}).folder / "segments"
    (path,) = key.iterdir()
    single = pq.read_table(path)
    pq.write_table(single.slice(0, 0), key / "part-empty.parquet")
    for name in TABLES.keys() - {"segments"}:
        (other,) = (first_version / name).iterdir()
        pq.write_table(pq.read_table(other).slice(0, 0), first_version / name / "part-empty.parquet")
    assert compact(first_version) == Compacted(replaced=2, merged=1)
    assert rows(first_version) == before
    assert validate(load_result(first_version)) == []


def test_a_result_of_the_first_version_is_resumed(first_version, demo_manifest, model, cheap, tmp_path):
    run = Run(demo_manifest, model, tmp_path / "new", cheap, Selection(limit=1), workers=0)
    explain_collection(run)
    described = load_result(run.out).run
    stored = json.loads((first_version / "run.json").read_text())
    # Whatever today's model and options are, they are taken for those of then.
    same = {key: described[key] for key in ("config", "config_digest")}
    (first_version / "run.json").write_text(json.dumps(stored | same))
    again = replace(run, out=first_version, selection=Selection(limit=3))
    assert explain_collection(again).explained == 3
    ids = [s.segment_id for s in read_collection(demo_manifest)][:3]
    assert sorted(load_result(first_version).table("segments")["segment_id"].to_pylist()) == sorted(ids)
    assert validate(load_result(first_version)) == []


def test_columns_that_are_newer_than_a_file_are_null(tmp_path):
    store = Store(tmp_path, {})
    for name in "ab":
        write(store, name, (name, EXPLAINED))
        path = store.path("segments", name)
        older = pq.read_table(path).drop_columns(["frames_encoded"])
        pq.write_table(older, path)
    compact(tmp_path)
    (path,) = (tmp_path / "segments").iterdir()
    assert pq.read_table(path)["frames_encoded"].equals(pa.chunked_array([pa.nulls(2, pa.int32())]))
