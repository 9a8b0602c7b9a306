"""csv: two flat tables, for spreadsheets and for R."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.dataset as ds

from batcher.store.atomic import replaced
from batcher.store.parts import parts_of
from batcher.store.result import Result
from batcher.store.schema import TABLES

SEGMENTS: Final = "segments.csv"
ATTRIBUTIONS: Final = "attributions.csv"


def write(result: Result, folder: Path) -> list[Path]:
    """Write `segments.csv`, each with its label's shares, failed ones too; and `attributions.csv`.

    Lists and maps are JSON in one field. Values stand as they are: a text that begins with `=` is a formula to a
    spreadsheet, so import the columns of texts as text.

    Args:
        result: an open result.
        folder: an existing one.

    Raises:
        OSError: one can't be written.
    """
    segments, attributions = folder / SEGMENTS, folder / ATTRIBUTIONS
    table = _flat(_with_shares(result))
    _write(segments, table.schema, iter([table]))
    _write(attributions, _flat(TABLES["attributions"].empty_table()).schema, _attributions(result))
    return [segments, attributions]


def _with_shares(result: Result) -> pa.Table:
    """Every segment, with the columns of its label's contributions; these are empty where it failed."""
    segments = result.table("segments").sort_by("segment_id")
    contributions = result.table("contributions")
    contributions = contributions.set_column(1, "label", contributions["label"].cast(pa.string()))
    place = pa.array(range(len(segments)), pa.int64())
    keys = segments.select(["segment_id", "label_predicted"]).append_column("place", place)
    found = keys.join(contributions, ["segment_id", "label_predicted"], ["segment_id", "label"]).sort_by("place")
    for name in contributions.column_names[2:]:
        segments = segments.append_column(name, found[name])
    return segments


def _attributions(result: Result) -> Iterator[pa.Table]:
    """A part at a time: a large result has more rows than fit in memory."""
    for path in parts_of(result.folder, "attributions"):
        for batch in ds.dataset(path, schema=TABLES["attributions"]).to_batches():
            yield _flat(pa.Table.from_batches([batch]))


def _write(path: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
    with replaced(path) as partial, pa_csv.CSVWriter(partial, schema) as writer:
        for table in tables:
            writer.write(table)


def _flat(table: pa.Table) -> pa.Table:
    """The same columns, of numbers, truths and strings alone."""
    return pa.table({name: _flat_column(table[name]) for name in table.column_names})


def _flat_column(column: pa.ChunkedArray) -> Any:
    if pa.types.is_nested(column.type):
        values = (None if value is None else _json(column.type, value) for value in column.to_pylist())
        return pa.array(values, pa.string())
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _json(kind: pa.DataType, value: Any) -> str:
    return json.dumps(dict(value) if pa.types.is_map(kind) else value, ensure_ascii=False)
