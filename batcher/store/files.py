"""A result on disk: one Parquet file per table and unit, of which `segments/` is the commit."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from batcher.store.atomic import replaced
from batcher.store.errors import StoreError, TakenOverError
from batcher.store.journal import settle
from batcher.store.ledger import read_ledger
from batcher.store.parts import committed_parts, hidden_parts, names_in, part, parts_of
from batcher.store.schema import METADATA_KEY, SEGMENTS, TABLES

RUN: Final = "run.json"
COMPRESSION: Final = "zstd"


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
    writing: Path | None = None
    """Where files are made before they are renamed to their places (`batcher.run.fence`); None: beside these."""

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
        return self.folder / table / part(unit_id)

    def is_committed(self, unit_id: str) -> bool:
        """Whether the unit's segments are done."""
        path = self.path("segments", unit_id)
        return path.exists() and path.name not in hidden_parts(self.folder)

    def rows(self, table: str, unit_id: str) -> list[dict[str, Any]]:
        """The rows of a table that a unit wrote."""
        found: list[dict[str, Any]] = pq.read_table(self.path(table, unit_id), schema=TABLES[table]).to_pylist()
        return found

    def committed(self) -> dict[str, Committed]:
        """Every segment that is done, by its id."""
        found: dict[str, Committed] = {}
        alike: dict[Committed, Committed] = {}  # a record for each of a million segments would fill memory
        for batch in read_ledger(self.folder).to_batches():
            ids, *columns = (batch[name].to_pylist() for name in ("segment_id", *Committed._fields))
            records = map(Committed, *columns)
            found.update(zip(ids, (alike.setdefault(record, record) for record in records), strict=True))
        return found

    def drop(self, segment_ids: AbstractSet[str]) -> None:
        """Take segments without explanation back, so that they count as not done."""
        if not segment_ids:
            return
        with self._removing():
            settle(self.folder)  # or a merged unit that loses all its segments would bring the replaced ones back
            for path in parts_of(self.folder, "segments"):
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
        """Remove what units left that never committed; complete or take back a compaction that was cut short.

        Returns:
            How many files units had left.
        """
        removed = 0
        with self._removing():
            settle(self.folder)
            committed = committed_parts(self.folder)
            for table in TABLES:
                for name in names_in(self.folder / table):
                    if name not in committed:
                        (self.folder / table / name).unlink()
                        removed += 1
        return removed

    @contextlib.contextmanager
    def _removing(self) -> Iterator[None]:
        """Remove nothing of another run's; say what keeps files from being removed."""
        try:
            if self.writing and not self.writing.exists():
                raise FileNotFoundError(self.writing)
            yield
        except OSError as error:
            raise self._error(self.folder, error) from error

    def _write(self, path: Path, table: pa.Table) -> None:
        metadata = {**(table.schema.metadata or {}), METADATA_KEY: json.dumps(self.metadata, sort_keys=True)}
        try:
            path.parent.mkdir(exist_ok=True)  # alone: where the result was removed, no part of it comes back
            with replaced(path, self.writing) as partial:
                pq.write_table(table.replace_schema_metadata(metadata), partial, compression=COMPRESSION)
        except OSError as error:
            raise self._error(path, error) from error

    def _error(self, path: Path, error: OSError) -> StoreError:
        """What kept a file from being written or removed."""
        if self.writing and not self.writing.exists():
            return TakenOverError(
                f"{path} isn't written: another run has taken {self.folder}, or it was removed. "
                "Leave it to that run, or run the same command again"
            )
        return StoreError(f"{path} can't be written: {error}. Mend that, and run the same command again")
