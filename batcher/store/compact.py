"""Compacting: many small files, of a unit each, into few large ones."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from batcher.store.atomic import replaced
from batcher.store.errors import StoreError
from batcher.store.journal import Journal, settle
from batcher.store.ledger import forget
from batcher.store.parts import committed_parts, part
from batcher.store.schema import METADATA_KEY, TABLES

TARGET_BYTES: Final = 256 << 20
"""Of a file of the largest table."""
ROW_GROUP_BYTES: Final = 32 << 20
"""In memory: what is read at least, or skipped, by who looks for some segments."""
COMPRESSION: Final = "zstd"


@dataclass(frozen=True)
class Compacted:
    """What compacting came to."""

    replaced: int
    """Units whose files are gone."""
    merged: int
    """Units that hold their rows now."""


@dataclass
class RowGroups:
    """A Parquet file that is written in row groups of equal size."""

    file: Any
    writer: pq.ParquetWriter
    waiting: list[pa.RecordBatch] = field(default_factory=list)
    waiting_bytes: int = 0

    def add(self, batches: Iterator[pa.RecordBatch]) -> None:
        """Append rows; a row group is written when it is full."""
        for batch in batches:
            self.waiting.append(batch)
            self.waiting_bytes += batch.nbytes
            if self.waiting_bytes >= ROW_GROUP_BYTES:
                self.flush()

    def flush(self) -> None:
        """Write what is waiting as a row group."""
        if self.waiting:
            # Parquet writes no dictionary for a group whose batches each bring their own.
            table = pa.Table.from_batches(self.waiting).unify_dictionaries()
            self.writer.write_table(table, row_group_size=max(1, len(table)))
            self.waiting, self.waiting_bytes = [], 0

    @property
    def size(self) -> int:
        """Bytes of the file so far."""
        return int(self.file.tell())


def compact(folder: Path, target_bytes: int = TARGET_BYTES) -> Compacted:
    """Merge the files of a result that are smaller than a target. Only under the result's lock.

    Units stand in the order of their first segment ids, which row groups' statistics then tell apart. Those whose
    files say different things of themselves, by versions for instance, are never merged with one another. Killed
    at any moment, the result is as valid as before, and the next call goes on.

    Args:
        folder: the result's.
        target_bytes: that a file of the largest table reaches.

    Raises:
        StoreError: a file can't be written.
    """
    count, merged = 0, 0
    try:
        settle(folder)
        for metadata, names in _mergeable(folder, target_bytes).items():
            waiting = names
            while len(waiting) > 1:
                taken = _merge(folder, waiting, metadata, target_bytes)
                count, merged, waiting = count + taken, merged + 1, waiting[taken:]
        if merged:
            forget(folder)
    except OSError as error:
        raise StoreError(f"{folder} can't be compacted: {error}. Mend that, and run the same command again") from error
    return Compacted(count, merged)


def _mergeable(folder: Path, target_bytes: int) -> Mapping[bytes, Sequence[str]]:
    """Small units by what their files say of themselves, in the order of their first segments."""
    found: dict[bytes, list[tuple[str, str]]] = {}
    for name in committed_parts(folder):
        if max((folder / table / name).stat().st_size for table in TABLES) >= target_bytes:
            continue
        with pq.ParquetFile(folder / "segments" / name) as file:
            first = next(file.iter_batches(batch_size=1, columns=["segment_id"]), None)
            metadata = file.schema_arrow.metadata[METADATA_KEY]
        found.setdefault(metadata, []).append((str(first[0][0]) if first else "", name))
    return {metadata: [name for _, name in sorted(units)] for metadata, units in found.items()}


def _merge(folder: Path, names: Sequence[str], metadata: bytes, target_bytes: int) -> int:
    """Put the first units into the place of which one comes, until it is large enough.

    Returns:
        How many they were.
    """
    merged = part(uuid.uuid4().hex)  # never a name of before: what is replaced may come again, by a retried segment
    Journal(merged).write(folder)
    with ExitStack() as commit, ExitStack() as others:
        partials = {
            table: (commit if table == "segments" else others).enter_context(replaced(folder / table / merged))
            for table in TABLES
        }
        taken = _write(folder, names, partials, metadata, target_bytes)
        others.close()
        Journal(merged, tuple(names[:taken])).write(folder)
    settle(folder)
    return taken


def _write(folder: Path, names: Sequence[str], partials: Mapping[str, Path], metadata: bytes, target_bytes: int) -> int:
    """Write units one after another, until the largest of the files reaches the target."""
    with ExitStack() as stack:
        outputs = {table: stack.enter_context(_output(path, table, metadata)) for table, path in partials.items()}
        taken = 0
        for name in names:
            for table, output in outputs.items():
                output.add(_batches(folder / table / name, table))
            taken += 1
            if max(output.size for output in outputs.values()) >= target_bytes:
                break
    return taken


@contextmanager
def _output(path: Path, table: str, metadata: bytes) -> Iterator[RowGroups]:
    schema = TABLES[table].with_metadata({METADATA_KEY: metadata})
    with path.open("wb") as file, pq.ParquetWriter(file, schema, compression=COMPRESSION) as writer:
        output = RowGroups(file, writer)
        yield output
        output.flush()


def _batches(path: Path, table: str) -> Iterator[pa.RecordBatch]:
    """Rows of a file, a few at a time, in today's schema: columns that are newer than the file are null."""
    found: Iterator[pa.RecordBatch] = ds.dataset(str(path), schema=TABLES[table], format="parquet").to_batches(
        batch_readahead=1, fragment_readahead=1, use_threads=False
    )
    return found
