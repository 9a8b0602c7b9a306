"""What must be true of a result, however its run was hurt."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq

from batcher.store.result import load_result
from batcher.store.schema import TABLES
from batcher.store.validate import validate

Rows = Mapping[str, list[str]]
"""Sorted rows by table, those of timings/ left out: they differ from run to run."""


def rows_of(out: Path) -> Rows:
    """The rows that must be the same from run to run."""
    result = load_result(out)
    return {name: sorted(map(repr, result.table(name).to_pylist())) for name in TABLES if name != "timings"}


def problems(out: Path, expected: Rows) -> list[str]:
    """What is wrong with a result, beside an uninterrupted run's rows."""
    found = rows_of(out)
    wrong = [f"rows of {name}/ differ from the uninterrupted run's" for name in found if found[name] != expected[name]]
    left = [path.name for path in out.rglob("*") if path.suffix == ".tmp" or path.name.startswith(".writing-")]
    return [*validate(load_result(out)), *wrong, *(f"{name} is left" for name in left)]


def committed(out: Path) -> dict[Path, bytes]:
    """Files of committed units, as they are."""
    return {path: path.read_bytes() for path in (out / "segments").glob("part-*.parquet")}


def explained_anew(before: Mapping[Path, bytes]) -> int:
    """Segments that were committed, and whose files are no longer the same."""
    files = {path: path.read_bytes() if path.exists() else b"" for path in before}
    changed = [stored for path, stored in before.items() if files[path] != stored]
    return sum(pq.read_metadata(BytesIO(stored)).num_rows for stored in changed)


def tried_again(out: Path) -> int:
    """Segments that took more than one attempt."""
    return sum(attempts > 1 for attempts in load_result(out).table("timings")["attempts"].to_pylist())
