"""What the segments of a result came to, without opening its files one by one.

The truth stands in `segments/`. What was once read of it is kept beside it, because a hundred thousand small files
take longer to open than a million rows to read: under each file's name, size and time, so that one that was written
anew is read anew. Nothing depends on it: where it is missing, old or damaged, the files are read.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from batcher.store.atomic import replaced
from batcher.store.parts import committed_parts
from batcher.store.schema import SEGMENTS

LEDGER: Final = ".ledger"
KEY: Final = "key"
COLUMNS: Final = ("segment_id", "media", "status", "error_stage", "error")
SCHEMA: Final = pa.schema([pa.field(KEY, pa.string()), *(SEGMENTS.field(name).remove_metadata() for name in COLUMNS)])
WORTH: Final = 64
"""Files that are read in less time than they are recorded in."""


def read_ledger(folder: Path) -> pa.Table:
    """A row for each segment that a result holds: its `COLUMNS`."""
    left = _keys(folder)
    found = []
    for path in _recorded(folder):
        table = _read_recorded(path, list(SCHEMA.names))
        if table is not None:
            keys = [key for key in pc.unique(table[KEY]).to_pylist() if left.pop(key, None)]
            found.append(table.filter(pc.is_in(table[KEY], pa.array(keys, pa.string()))))
    return pa.concat_tables([SCHEMA.empty_table(), *found, *_read(left)]).select(list(COLUMNS))


def record(folder: Path) -> None:
    """Keep what isn't kept yet, if it can be: nothing depends on it. Only under the result's lock."""
    with contextlib.suppress(OSError):  # a full disk ends the run where rows can't be written, and says so there
        _record(folder)


def _record(folder: Path) -> None:
    left = _keys(folder)
    files = _recorded(folder)
    for path in files:
        table = _read_recorded(path, [KEY])
        for key in pc.unique(table[KEY]).to_pylist() if table is not None else ():
            left.pop(key, None)
    if len(left) < WORTH:
        return
    (folder / LEDGER).mkdir(exist_ok=True)
    following = 1 + max((int(path.stem) for path in files), default=0)
    with replaced(folder / LEDGER / f"{following:06}.parquet") as partial, pq.ParquetWriter(partial, SCHEMA) as writer:
        for table in _read(left):
            writer.write_table(table)


def forget(folder: Path) -> None:
    """Keep nothing: after most files were replaced. Only under the result's lock."""
    shutil.rmtree(folder / LEDGER, ignore_errors=True)


def _keys(folder: Path) -> dict[str, Path]:
    """The files that count, by name, size and time of their last change."""
    found = {}
    for name in committed_parts(folder):
        path = folder / "segments" / name
        state = os.stat(path)  # noqa: PTH116  # half the time of the path's own, of a hundred thousand
        found[f"{name} {state.st_size} {state.st_mtime_ns} {state.st_ino}"] = path
    return found


def _recorded(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / LEDGER).glob("*.parquet") if path.stem.isdigit())


def _read_recorded(path: Path, columns: Sequence[str]) -> pa.Table | None:
    """What was kept; None where it is damaged, or of another version."""
    try:
        return pq.read_table(path, columns=columns).cast(pa.schema([SCHEMA.field(name) for name in columns]))
    except (OSError, ValueError, KeyError):
        return None


def _read(files: Mapping[str, Path], some: int = 1024) -> Iterator[pa.Table]:
    """Rows of files by their keys, many files to a table."""
    keys = list(files)
    with ThreadPoolExecutor() as pool:
        for first in range(0, len(keys), some):
            tables = pool.map(
                _read_part, keys[first : first + some], (files[key] for key in keys[first : first + some])
            )
            yield pa.concat_tables(tables).combine_chunks()


def _read_part(key: str, path: Path) -> pa.Table:
    with pq.ParquetFile(path) as file:
        table = file.read(columns=list(COLUMNS), use_threads=False)
    return table.select(list(COLUMNS)).add_column(0, KEY, pa.repeat(key, len(table))).cast(SCHEMA)
