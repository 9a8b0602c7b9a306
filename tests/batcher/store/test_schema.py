import pyarrow as pa
import pytest

from batcher.store.schema import LATER, TABLES


def test_segments_are_written_last():
    assert list(TABLES)[-1] == "segments"


@pytest.mark.parametrize("table", TABLES)
def test_every_column_says_what_it_holds(table):
    for field in TABLES[table]:
        assert field.metadata[b"description"], field.name


@pytest.mark.parametrize(
    ("ending", "unit"), [("_ms", b"ms"), ("_s", b"s"), ("char_start", b"code points"), ("char_end", b"code points")]
)
def test_quantities_have_the_unit_of_their_name(ending, unit):
    fields = [field for schema in TABLES.values() for field in schema if field.name.endswith(ending)]
    assert fields
    for field in fields:
        assert field.metadata[b"unit"] == unit, field.name


@pytest.mark.parametrize("table", TABLES)
def test_each_table_names_its_segment(table):
    assert TABLES[table].field("segment_id").type == pa.string()
    assert not TABLES[table].field("segment_id").nullable


def test_columns_that_older_files_lack_may_be_null():
    for table, names in LATER.items():
        assert all(TABLES[table].field(name).nullable for name in names)
