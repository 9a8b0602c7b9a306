"""A large collection planned and resumed: seconds and memory, without a model. Compacted or not.

python -m bench.manifest
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import click
import pyarrow as pa
import pyarrow.parquet as pq

from batcher.collection import read_collection
from batcher.outcome import EXPLAINED, FAILED
from batcher.run.summary import summarise
from batcher.run.survey import survey
from batcher.run.unit import MOST_SEGMENTS, units_of
from batcher.store.files import RUN, Store
from batcher.store.ledger import record
from batcher.store.result import REQUIRED
from batcher.store.schema import METADATA_KEY, SEGMENTS
from bench.machine import peak_bytes
from bench.output import Column, Report, Section, publish

SEGMENTS_NUMBER: Final = 1_000_000
DONE: Final = 0.5
MIB: Final = 1 << 20


@dataclass(frozen=True)
class Row:
    """A part of a start."""

    step: Annotated[str, Column("step")]
    wall_s: Annotated[float, Column("s", ".1f")]
    peak_mib: Annotated[float, Column("peak memory so far, MiB", ".0f")]


def measure(*, segments: int = SEGMENTS_NUMBER, done: float = DONE, small: bool = True, folder: Path) -> Report:
    """Plan and resume a collection.

    Args:
        segments: of the manifest.
        done: the part of them that a result holds.
        small: whether the result is of files of a unit each, or of one.
        folder: to write manifest and result into.
    """
    manifest, out = folder / "manifest.csv", folder / "out"
    number = int(segments * done)
    _write_manifest(manifest, segments)
    _write_result(out, number, MOST_SEGMENTS if small else max(1, number))
    store, rows = Store(out, {}), []

    def timed(step: str, what: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        found = what()
        rows.append(Row(step, time.perf_counter() - started, peak_bytes() / MIB))
        return found

    timed("recording what no earlier start had recorded", lambda: record(out))
    timed("recording again: nothing new", lambda: record(out))
    found = timed("survey", lambda: survey(read_collection(manifest), store, frozenset()))
    pending = (segment for segment in read_collection(manifest) if segment.segment_id not in found.done)
    units = timed("units of what is pending", lambda: sum(1 for _ in units_of(pending, MOST_SEGMENTS)))
    finished = timed("summary", lambda: summarise(out, found.total, found.others))
    if (found.total, len(found.done), finished.failed) != (segments, number, number // MOST_SEGMENTS):
        raise RuntimeError(f"{found.total} segments, {len(found.done)} done, {finished.failed} failed: wrong figures")
    options = {"segments": segments, "done": done, "small": small}
    files = "8 segments a file" if small else "one file"
    notes = (f"{segments} segments, {number} of them done ({files}), {units} units of the others.",)
    return Report("manifest", "none", options, (Section("start", rows, notes),))


def _write_manifest(path: Path, number: int) -> None:
    with path.open("w") as file:
        file.write("segment_id,media,start_ms,end_ms,text,language\n")
        for i in range(number):
            file.write(f"{_name(i)},{_media(i)},{i % 500 * 3000},{i % 500 * 3000 + 3000},a dozen words or so,nl\n")


def _write_result(out: Path, number: int, rows_in_file: int) -> None:
    """The `segments/` of a result; written again and again under other names, its files cost little."""
    (out / "segments").mkdir(parents=True)
    (out / RUN).write_text(json.dumps(dict.fromkeys(REQUIRED) | {"trained": True}))
    schema = SEGMENTS.with_metadata({METADATA_KEY: json.dumps({"versions": "of packages " * 50})})
    for first in range(0, number, rows_in_file):
        rows = list(_rows(first, min(first + rows_in_file, number)))
        table = pa.Table.from_pylist(rows, schema=schema)
        pq.write_table(table, out / "segments" / f"part-{first:016}.parquet", compression="zstd")


def _rows(first: int, end: int) -> Iterator[dict[str, Any]]:
    for i in range(first, end):
        status = FAILED if i % MOST_SEGMENTS == MOST_SEGMENTS - 1 else EXPLAINED
        yield {"segment_id": _name(i), "media": _media(i), "start_ms": 0.0, "status": status}


def _name(i: int) -> str:
    return f"segment{i:07}"


def _media(i: int) -> str:
    return f"programme{i // 500:05}.mp4"


@click.command(help=__doc__)
@click.option("--segments", type=click.IntRange(min=8), default=SEGMENTS_NUMBER, show_default=True)
@click.option("--done", type=click.FloatRange(0, 1), default=DONE, show_default=True, help="Part that is explained.")
@click.option("--small/--one", default=True, show_default=True, help="A file for each unit, or one.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    with tempfile.TemporaryDirectory() as folder:
        publish(measure(folder=Path(folder), **options), json_file)


if __name__ == "__main__":
    main()
