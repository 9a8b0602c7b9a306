"""A run over a sample of a collection: what its segments really take on this machine, all workers at once.

It is a real run into a folder of its own: workers and decoding share the cores as they will, Ray starts and models load
as they will, and files are written. What a process pays once is told from what every segment costs by segments that
come before the sample, one for each worker, and are made of its shortest.
"""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from batcher.collection import CollectionError, Segment, row_of
from batcher.outcome import EXPLAINED
from batcher.run import Event, Run, explain_collection
from batcher.run.events import UnitDone
from batcher.run.unit import unit_size
from batcher.selection import Selection
from batcher.store.files import Store
from batcher.store.result import Result, load_result
from batcher.store.schema import TABLES

LEAST_EACH: Final = 2
"""Segments of each worker, however long they take."""
EXPLAINING: Final = ("encode", "grid", "estimate", "write")
"""What keeps a worker busy; processes that decode do so beside it."""
OF_THE_RUN: Final = frozenset({"manifest", "artefact_folder", "selection", "on_bad_row", "slices", "agreement"})
"""What `run.json` says and no other file."""

Seconds = Mapping[str, float]


class _EnoughError(Exception):
    """Time is up."""


@dataclass(frozen=True)
class Bytes:
    """Of a result."""

    unit: float
    """Of the files of a unit without a row."""
    segment: float
    """Of a segment's rows."""


@dataclass(frozen=True)
class Calibration:
    """What a sample took."""

    seconds: Mapping[str, Seconds]
    """By segment: decode, encode, grid, estimate and write; 0 of what a segment didn't reach."""
    rows: Mapping[str, Mapping[str, Any]]
    """Of `segments/`."""
    start_s: float
    """Before a worker explains, in the mean: measuring, Ray, the model, the first clip."""
    waiting: float
    """A worker's time over what it was busy for, from there to its end: 1 or more."""
    end_s: float
    """After the last unit."""
    bytes: Bytes
    wall_s: float
    """Of it all."""


def calibrate(
    run: Run, sample: Sequence[Segment], warm_up: Sequence[Segment], folder: Path, *, seconds: float
) -> Calibration:
    """Explain a sample.

    Args:
        run: that is planned, with its number of workers.
        sample: in an order of which any beginning is a sample.
        warm_up: a segment for each worker, which doesn't count.
        folder: for the manifest and the result.
        seconds: after which the run ends, once every worker has explained a few.

    Raises:
        CollectionError: none of the sample could be explained.
        ArtefactError, BackendError, ConfigError, StoreError: as of the run itself.
    """
    workers = max(1, run.workers or 0)
    unit = unit_size(len(sample) + len(warm_up), workers, run.backend.in_flight)
    manifest = _write(_ordered(sample, warm_up, unit), folder / "sample.jsonl")
    clock = _Clock(seconds, enough=len(warm_up) + LEAST_EACH * workers)
    trial = replace(run, manifest=manifest, out=folder / "result", selection=Selection(), retry_errors=False)
    with suppress(_EnoughError):  # the driver stops its workers, as on Ctrl-C
        explain_collection(trial, clock)
    ended_s = clock.now_s()
    result = load_result(trial.out)
    return _calibration(result, clock, ended_s, workers, beside=run.workers != 0)


def warm_up_name(segment_id: str) -> str:
    """What a segment is called that doesn't count."""
    return f"warm-up {segment_id}"


class _Clock:
    """When units were done, since the start."""

    def __init__(self, seconds: float, enough: int) -> None:
        self.seconds, self.enough = seconds, enough
        self.started_s = time.monotonic()
        self.done: list[tuple[float, UnitDone]] = []

    def now_s(self) -> float:
        return time.monotonic() - self.started_s

    def __call__(self, event: Event) -> None:
        if not isinstance(event, UnitDone):
            return
        self.done.append((self.now_s(), event))
        if event.done < event.total and event.done >= self.enough and self.now_s() > self.seconds:
            raise _EnoughError


def _ordered(sample: Sequence[Segment], warm_up: Sequence[Segment], unit: int) -> list[Segment]:
    """The sample, with one segment of the warm-up at the head of each worker's first unit."""
    ordered = list(sample)
    for worker, segment in enumerate(warm_up):
        ordered.insert(worker * unit, replace(segment, segment_id=warm_up_name(segment.segment_id)))
    return ordered


def _write(segments: Sequence[Segment], manifest: Path) -> Path:
    with manifest.open("w") as file:
        for segment in segments:
            file.write(json.dumps(row_of(segment) | {"media": str(segment.path)}) + "\n")
    return manifest


def _calibration(result: Result, clock: _Clock, ended_s: float, workers: int, *, beside: bool) -> Calibration:
    rows = {row["segment_id"]: row for row in result.table("segments").to_pylist()}
    timings = result.table("timings").to_pylist()
    if not any(row["status"] == EXPLAINED for row in rows.values()):
        name, row = next(iter(rows.items()))
        raise CollectionError(
            f"none of {len(rows)} segments drawn could be explained, so there is nothing to plan from; {name}, for "
            f"one: {row['error']}"
        )
    seconds = {
        row["segment_id"]: {stage: row[f"{stage}_s"] or 0.0 for stage in ("decode", *EXPLAINING)} for row in timings
    }
    busy = EXPLAINING if beside else ("decode", *EXPLAINING)
    first, last = clock.done[:workers], clock.done[-workers:]
    start_s = max(0.0, fmean(at - _of(busy, event.unit.seconds) for at, event in first))
    spent = sum(_of(busy, event.unit.seconds) for _, event in clock.done)
    waiting = max(1.0, sum(at - start_s for at, _ in last) / spent) if spent else 1.0
    return Calibration(
        seconds,
        rows,
        start_s,
        waiting,
        end_s=ended_s - clock.done[-1][0],
        bytes=_bytes(result, len(rows)),
        wall_s=ended_s,
    )


def _of(stages: Sequence[str], seconds: Seconds) -> float:
    return sum(seconds[stage] for stage in stages)


def _bytes(result: Result, segments: int) -> Bytes:
    files = [path for name in TABLES for path in (result.folder / name).glob("part-*.parquet")]
    metadata = {name: value for name, value in result.run.items() if name not in OF_THE_RUN}
    empty = Store(result.folder.with_name("empty"), metadata)
    empty.folder.mkdir()
    empty.write_unit("empty", {name: [] for name in TABLES})
    unit = sum(empty.path(name, "empty").stat().st_size for name in TABLES)
    units = len(files) / len(TABLES)
    written = sum(path.stat().st_size for path in files)
    return Bytes(unit, max(0.0, written - units * unit) / segments)
