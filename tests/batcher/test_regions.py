"""Tables of regions, in the forms that manifests have."""

import csv
import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batcher.collection import CollectionError, Segment, read_regions
from media.region import Region

COLUMNS = ("segment_id", "player", "row", "column", "start_ms", "end_ms")
ROWS = [
    dict(zip(COLUMNS, row, strict=True))
    for row in (
        ("a", "face", 1, 2, 1000.0, 1500.5),
        (None, "caption", 3, None, None, None),
        ("b", "face", None, 0, None, 900.0),
        ("a", "hands", 3, 3, 0.0, None),
        ("of nobody", "face", 0, 0, None, None),
    )
]
CAPTION = Region("caption", 3)


def write_csv(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)


def regions_of(table, name):
    return read_regions(table).attached(Segment(name, "1.mp4", Path("1.mp4"))).regions


@pytest.mark.parametrize("write", [write_csv, write_jsonl, write_parquet])
def test_a_segment_has_its_own_regions_and_those_of_all_in_the_tables_order(tmp_path, write):
    table = tmp_path / f"regions.{write.__name__.removeprefix('write_')}"
    write(table, ROWS)
    assert regions_of(table, "a") == (Region("face", 1, 2, 1000.0, 1500.5), CAPTION, Region("hands", 3, 3, 0.0))
    assert regions_of(table, "b") == (CAPTION, Region("face", None, 0, None, 900.0))
    assert regions_of(table, "c") == (CAPTION,)
    assert read_regions(table).digest == hashlib.sha256(table.read_bytes()).hexdigest()


def test_whole_columns_may_be_left_out_and_others_mean_nothing(tmp_path):
    table = tmp_path / "regions.csv"
    table.write_text("player,row,certainty\nsky,0,0.9\n")
    assert regions_of(table, "a") == (Region("sky", 0),)


def test_cells_may_be_written_as_decimals(tmp_path):
    """As tools write whole numbers of a column that has gaps."""
    write_parquet(tmp_path / "regions.parquet", [{"player": "face", "row": 1.0}, {"player": "face", "row": None}])
    assert regions_of(tmp_path / "regions.parquet", "a") == (Region("face", 1), Region("face"))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"player": None}, "player is empty: give the region's name"),
        ({"row": 4}, "row is 4: give 0 to 3"),
        ({"column": 1.5}, r"column is 1\.5: give a whole number"),
        ({"row": "top"}, "row is 'top': give a number, or nothing"),
        ({"start_ms": [0]}, r"start_ms is \[0\]: give a number"),
        ({"end_ms": 1000.0}, "start_ms is 1000.0, end_ms 1000.0: give an end after the start"),
    ],
)
def test_a_bad_row_is_refused_by_its_number(tmp_path, change, error):
    table = tmp_path / "regions.jsonl"
    write_jsonl(table, [ROWS[1], ROWS[0] | change])
    with pytest.raises(CollectionError, match=f"regions.jsonl, line 2, is no region: .*{error}"):
        read_regions(table)


@pytest.mark.parametrize("name", ["gone.csv", "regions.txt"])
def test_what_is_no_table_is_refused(tmp_path, name):
    (tmp_path / "regions.txt").write_text("player\nface\n")
    with pytest.raises(CollectionError, match=f"{name} is no (file|table); give .* ends in .csv, .jsonl, .parquet"):
        read_regions(tmp_path / name)


def test_half_a_character_is_refused_by_its_number(tmp_path):
    table = tmp_path / "regions.jsonl"
    write_jsonl(table, [ROWS[1], ROWS[0] | {"player": "\ud83d"}])
    with pytest.raises(CollectionError, match=r"regions.jsonl, line 2, has half a character in player; mend the text"):
        read_regions(table)
