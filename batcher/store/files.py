"""A result on disk: one Parquet file per table and unit, of which `segments/` is the commit."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from batcher.store.schema import METADATA_KEY, SEGMENTS, TABLES

RUN: Final = "run.json"
COMPRESSION: Final = "zstd"


class StoreError(Exception):
    """A result that can't be written."""


class Committed(NamedTuple):
    """What a result holds of a segment."""

    status: str
    media: str


@dataclass(frozen=True)
class Store:
    """A result folder. Units write into it independently of each other."""

    folder: Path
    metadata: Mapping[str, Any]
    """Written into every file under the key `mmexplain`."""

    def write_unit(self, unit_id: str, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Write some tables of a unit, each whole or not at all. The one that holds `segments` commits it.

        Args:
            unit_id: part of the files' names; the same unit overwrites its own files.
            tables: rows by table; a table that isn't named is left as it is.
        """
        for name, schema in TABLES.items():
            if name in tables:
                table = pa.Table.from_pylist(list(tables[name]), schema=schema)
                self._write(self.path(name, unit_id), table)

    def path(self, table: str, unit_id: str) -> Path:
        """Where a unit's file of a table stands."""
        return self.folder / table / f"part-{unit_id}.parquet"

    def is_committed(self, unit_id: str) -> bool:
        """Whether the unit's segments are done."""
        return self.path("segments", unit_id).exists()

    def rows(self, table: str, unit_id: str) -> list[dict[str, Any]]:
        """The rows of a table that a unit wrote."""
        found: list[dict[str, Any]] = pq.read_table(self.path(table, unit_id), schema=TABLES[table]).to_pylist()
        return found

    def committed(self) -> dict[str, Committed]:
        """Every segment that is done, by its id."""
        found: dict[str, Committed] = {}
        for path in self._files("segments"):
            table = pq.read_table(path, columns=["segment_id", *Committed._fields])
            ids, *columns = (column.to_pylist() for column in table.columns)
            found.update(zip(ids, map(Committed, *columns), strict=True))
        return found

    def drop(self, segment_ids: AbstractSet[str]) -> None:
        """Take segments without explanation back, so that they count as not done."""
        if not segment_ids:
            return
        for path in list(self._files("segments")):
            table = pq.read_table(path, schema=SEGMENTS)
            stays = [segment_id not in segment_ids for segment_id in table["segment_id"].to_pylist()]
            if not all(stays):
                self._keep_rows(path, table, stays)

    def _keep_rows(self, path: Path, segments: pa.Table, stays: Sequence[bool]) -> None:
        """Rewrite a unit without some of its segments, its commit last."""
        if not any(stays):
            path.unlink()
            return
        kept = segments.filter(pa.array(stays))
        ids = pa.array(kept["segment_id"].to_pylist())
        timings_path = self.folder / "timings" / path.name
        timings = pq.read_table(timings_path, schema=TABLES["timings"])
        self._write(timings_path, timings.filter(pc.is_in(timings["segment_id"], ids)))
        self._write(path, kept)

    def clean(self) -> int:
        """Remove what units left that never committed.

        Returns:
            How many files that were.
        """
        committed = {path.name for path in self._files("segments")}
        removed = 0
        for name in TABLES:
            for path in (self.folder / name).glob("*"):
                if path.suffix == ".tmp" or path.name not in committed:
                    path.unlink()
                    removed += 1
        return removed

    def _files(self, table: str) -> Iterator[Path]:
        return (self.folder / table).glob("part-*.parquet")

    def _write(self, path: Path, table: pa.Table) -> None:
        metadata = {**(table.schema.metadata or {}), METADATA_KEY: json.dumps(self.metadata, sort_keys=True)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(path) as partial:
                pq.write_table(table.replace_schema_metadata(metadata), partial, compression=COMPRESSION)
        except OSError as error:
            raise StoreError(f"{path} can't be written: {error}. Mend that, and run the same command again") from error


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, which takes its place once it is safely on the disk."""
    partial = path.with_name(f"{path.name}.{socket.gethostname()}.{os.getpid()}.tmp")
    try:
        yield partial
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
