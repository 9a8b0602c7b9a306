import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from batcher.collection import read_collection
from batcher.run import explain_collection
from batcher.selection import Selection
from batcher.store.result import load_result
from batcher.store.schema import TABLES
from batcher.store.validate import validate


@pytest.fixture
def problems(result_copy):
    return lambda: validate(load_result(result_copy))


@pytest.fixture
def ids(finished):
    return [segment.segment_id for segment in read_collection(finished.manifest)]


@pytest.fixture
def part_of(result_copy):
    """The file of a table that holds a segment."""

    def find(table, segment_id):
        for path in (result_copy / table).glob("part-*.parquet"):
            if segment_id in pq.read_table(path, columns=["segment_id"])["segment_id"].to_pylist():
                return path
        raise AssertionError(f"{segment_id} isn't in {table}")

    return find


def rewrite(path, change):
    """Change a file's rows."""
    schema = pq.read_schema(path)
    rows = change(pq.read_table(path, schema=schema.remove_metadata()).to_pylist())
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def test_a_good_result_has_no_problem(problems):
    assert problems() == []


def test_values_that_dont_add_up_are_named(problems, part_of, ids):
    def shifted(rows):
        rows[3]["phi"] += 2e-6
        return rows

    rewrite(part_of("attributions", ids[1]), shifted)
    (problem,) = problems()
    assert problem.startswith(f"1 rows where phi doesn't add up to v_all - v_none: {ids[1]} (")
    assert "2.0e-06" in problem


def test_a_value_that_is_no_number_is_named(problems, part_of, ids):
    rewrite(part_of("attributions", ids[1]), lambda rows: [rows[0] | {"phi": float("nan")}, *rows[1:]])
    (problem,) = problems()
    assert ids[1] in problem


@pytest.fixture
def with_values(result_copy, part_of, ids):
    """Gives all segments other values, and the model another head."""

    def change(head, labels, p_none, p_all, **more):
        run = json.loads((result_copy / "run.json").read_text())
        (result_copy / "run.json").write_text(json.dumps(run | {"head": head, "labels": labels}))
        best = max(p_all)
        values = {"p_none": p_none, "p_all": p_all, "probability": best, "label_predicted": labels[p_all.index(best)]}
        for name in ids:
            rewrite(part_of("segments", name), lambda rows: [row | values | more for row in rows])

    return change


@pytest.mark.parametrize(
    ("head", "p_none", "p_all"),
    [
        ("softmax", [0.25, 0.75], [1.0, 0.0]),
        ("binary", [0.9, 0.8], [0.1, 0.2]),
        ("binary", [0.0, 1.0], [1.0, 1.0]),
        ("score", [-2.5], [1e6]),
        ("score", [3.0], [-0.001]),
    ],
)
def test_values_that_a_head_gives_are_no_problem(problems, with_values, head, p_none, p_all):
    with_values(head, ["joy", "anger"][: len(p_all)], p_none, p_all)
    assert problems() == []


@pytest.mark.parametrize(
    ("head", "p_none", "p_all", "why"),
    [
        ("softmax", [0.5, 0.5], [0.75, 0.125], "p_all adds up to 0.875"),
        ("softmax", [1.5, -0.5], [0.7, 0.3], "p_none holds [1.5, -0.5]"),
        ("binary", [0.5, 0.5], [0.7, 1.01], "p_all holds [0.7, 1.01]"),
        ("binary", [0.5], [0.7, 0.7], "1 in p_none for 2 labels"),
        ("score", [0.5, 0.5], [float("inf"), 0.0], "p_all holds [inf, 0.0]"),
        ("score", [float("nan"), 0.5], [0.7, 0.0], "p_none holds [nan, 0.5]"),
    ],
)
def test_values_that_no_such_head_gives_are_named(problems, with_values, ids, head, p_none, p_all, why):
    with_values(head, ["joy", "anger"], p_none, p_all)
    (problem,) = problems()
    assert problem.startswith(f"3 segments contradict their model's {head} head: ")
    assert all(f"{name} ({why})" in problem for name in ids)


@pytest.mark.parametrize("more", [{"label_predicted": "anger"}, {"probability": 0.2}])
def test_a_prediction_that_isnt_the_largest_value_is_named(problems, with_values, more):
    with_values("binary", ["joy", "anger"], [0.5, 0.5], [0.6, 0.2], **more)
    (problem,) = problems()
    assert "is predicted, joy 0.6 largest" in problem


def test_a_result_that_names_no_head_is_a_softmaxs(problems, result_copy):
    run = json.loads((result_copy / "run.json").read_text())
    assert run.pop("head") == "softmax"
    (result_copy / "run.json").write_text(json.dumps(run))
    assert problems() == []


@pytest.mark.parametrize("column", ["share_audio_plain", "share_audio"])
def test_shares_that_dont_add_up_are_named(problems, part_of, ids, column):
    anything = {"share_audio_low": 0.0, "share_audio_high": 1.0}
    rewrite(part_of("contributions", ids[0]), lambda rows: [rows[0] | anything | {column: 0.9}])
    (problem,) = problems()
    assert problem.startswith("1 rows where shares don't add up to 1: ")
    assert f"{ids[0]} (" in problem


@pytest.mark.parametrize(
    "change",
    [
        {"share_audio_low": 0.99, "share_audio_high": 1.0},
        {"share_audio_low": 0.0, "share_audio_high": 1e-6},
        {"share_audio_low": -0.01, "share_audio_high": 1.0},
        {"share_audio_low": 0.0, "share_audio_high": 1.01},
        {"share_audio_low": None},
    ],
)
def test_shares_outside_their_interval_are_named(problems, part_of, ids, change):
    rewrite(part_of("contributions", ids[0]), lambda rows: [rows[0] | change])
    (problem,) = problems()
    assert problem.startswith("1 shares outside their interval, or intervals outside 0 to 1: ")
    assert problem.endswith(") audio")


def test_shares_that_are_null_are_none(problems, part_of, ids):
    nothing = {f"share_{m}_plain": None for m in ("text", "audio", "video")}
    rewrite(part_of("contributions", ids[0]), lambda rows: [rows[0] | nothing])
    assert problems() == []


def test_a_segment_that_stands_twice_is_named(problems, part_of, result_copy, ids):
    path = part_of("segments", ids[2])
    for table in TABLES:
        rewritten = result_copy / table / "part-again.parquet"
        pq.write_table(pq.read_table(result_copy / table / path.name).slice(0, 0), rewritten)
    pq.write_table(pq.read_table(path), result_copy / "segments" / "part-again.parquet")
    assert problems() == [f"1 segments stand twice: {ids[2]}"]


def test_a_missing_segment_is_named(problems, part_of, result_copy, ids):
    name = part_of("segments", ids[0]).name
    for table in TABLES:
        (result_copy / table / name).unlink()
    assert problems() == [f"1 segments of the manifest are missing: {ids[0]}"]


def test_a_segment_that_wasnt_selected_isnt_missing(finished, tmp_path):
    run = replace(finished, out=tmp_path / "out", selection=Selection(("scene=s1",), 1))
    assert explain_collection(run).segments == 1
    assert validate(load_result(run.out)) == []


def test_a_manifest_that_is_gone_is_named(problems, result_copy):
    run = json.loads((result_copy / "run.json").read_text())
    (result_copy / "run.json").write_text(json.dumps(run | {"manifest": "/nowhere/m.csv"}))
    (problem,) = problems()
    assert "missing segments can't be found: /nowhere/m.csv is no file" in problem


@pytest.mark.parametrize("table", ["attributions", "contributions"])
def test_rows_of_a_stranger_are_named(problems, part_of, ids, table):
    path = part_of(table, ids[0])
    rewrite(path, lambda rows: rows + [row | {"segment_id": "stranger"} for row in rows])
    assert f"1 {table} belong to no explained segment: stranger" in problems()


@pytest.mark.parametrize("table", ["attributions", "contributions"])
def test_an_explained_segment_without_its_rows_is_named(problems, part_of, ids, table):
    rewrite(part_of(table, ids[0]), lambda _: [])
    assert f"1 explained segments have no {table}: {ids[0]}" in problems()


@pytest.mark.parametrize("table", TABLES)
def test_leftovers_are_named(problems, result_copy, table):
    partial = result_copy / table / "part-x.parquet.12.tmp"
    partial.write_bytes(b"half")
    (problem,) = problems()
    assert problem.startswith(f"{partial} belongs to no committed unit")


def test_a_unit_without_its_commit_is_named(problems, part_of, ids):
    path = part_of("segments", ids[0])
    path.unlink()
    found = problems()
    for table in TABLES.keys() - {"segments"}:
        assert [p for p in found if p.startswith(f"{path.parent.parent / table / path.name} belongs to no")]


@pytest.mark.parametrize("table", TABLES)
def test_another_schema_is_named(problems, part_of, ids, table):
    path = part_of(table, ids[0])
    whole = pq.read_table(path)
    lost = whole.schema.names[-1]
    pq.write_table(whole.drop_columns([lost]), path)
    assert problems() == [f"{path} has another schema than {table} (different: {lost})"]


def test_another_type_is_named(problems, part_of, ids):
    path = part_of("attributions", ids[0])
    table = pq.read_table(path)
    column = table.schema.get_field_index("phi")
    pq.write_table(table.set_column(column, "phi", pc.cast(table["phi"], pa.float32())), path)
    assert problems() == [f"{path} has another schema than attributions (different: types)"]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("damage", ["cut off", "no Parquet", "empty", "scrambled"])
def test_a_file_that_cant_be_read_is_named(problems, part_of, ids, table, damage):
    path = part_of(table, ids[0])
    content = path.read_bytes()
    # The footer, which holds the schema, stays whole where only the pages are scrambled.
    pages = pq.ParquetFile(path).metadata.row_group(0).column(0)
    first = pages.dictionary_page_offset or pages.data_page_offset
    path.write_bytes(
        {
            "cut off": content[: len(content) // 2],
            "no Parquet": b"segment_id,media\n",
            "empty": b"",
            "scrambled": content[:first] + b"\xff" * 40 + content[first + 40 :],
        }[damage]
    )
    (problem,) = problems()
    assert problem.startswith(f"{path} can't be read: ")


def test_many_are_counted_and_some_are_named(problems, result_copy, tmp_path, write_manifest, short_rows):
    manifest = write_manifest(tmp_path / "grown.jsonl", short_rows(12))
    run = json.loads((result_copy / "run.json").read_text())
    (result_copy / "run.json").write_text(json.dumps(run | {"manifest": str(manifest)}))
    (problem,) = problems()
    assert problem.startswith("9 segments of the manifest are missing: 03_")
    assert problem.endswith("and 4 more")
