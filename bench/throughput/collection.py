"""A real run, timed: from a manifest to Parquet in a temporary folder."""

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import click
import pyarrow as pa
import pyarrow.parquet as pq

from batcher.collection import Segment, read_collection
from batcher.options import Options
from batcher.run import Event, Run, explain_collection
from batcher.run.events import UnitDone
from batcher.store.result import load_result
from bench.throughput.rows import RateRow, StageRow

STAGES: Final = ("decode", "encode", "grid", "estimate", "write")


@dataclass(frozen=True)
class Timed:
    """What a run took."""

    explained: int
    wall_s: float
    start_s: float
    """Until the first unit that was committed began."""
    stages: Mapping[str, float]
    """Seconds of each stage, over all segments."""


def time_run(model: Path, manifest: Path, *, segments: int, options: Options, workers: int) -> Timed:
    """Explain a collection, and time it.

    Args:
        model: the artefact.
        manifest: its segments are repeated, under ids of their own.
        segments: how many.
        options: of their explanations.
        workers: processes; 0: this process alone.

    Raises:
        click.ClickException: a segment failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        repeated = repeat(manifest, segments, Path(scratch) / "manifest.jsonl")
        timed = _time(Run(repeated, model, Path(scratch) / "out", options=options, workers=workers))
    if timed.explained < segments:
        raise click.ClickException(
            f"{segments - timed.explained} of {segments} segments failed, so the times mean nothing; "
            f"see why by: mmexplain explain {manifest} --model {model} --out OUT"
        )
    return timed


def repeat(manifest: Path, count: int, out: Path) -> Path:
    """Write a manifest of so many segments, those of another one again and again."""
    segments = islice(cycle(list(read_collection(manifest))), count)
    with out.open("w") as file:
        for number, segment in enumerate(segments):
            file.write(json.dumps(_row(segment, f"{number:05d}_{segment.segment_id}")) + "\n")
    return out


def _row(segment: Segment, segment_id: str) -> dict[str, Any]:
    return {
        "segment_id": segment_id,
        "media": str(segment.path.resolve()),
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "text": segment.text,
        "token_ids": segment.token_ids,
    }


def _time(run: Run) -> Timed:
    commits: list[float] = []
    started = time.perf_counter()

    def note(event: Event) -> None:
        if isinstance(event, UnitDone):
            commits.append(time.perf_counter() - started)

    summary = explain_collection(run, note)
    wall_s = time.perf_counter() - started
    result = load_result(run.out)
    start_s = max(0.0, commits[0] - _first_unit_s(run))
    return Timed(summary.explained, wall_s, start_s, stage_seconds(result.table("timings")))


def stage_seconds(timings: pa.Table) -> dict[str, float]:
    """Seconds of each stage, over all rows of `timings/`."""
    return {stage: sum(s or 0.0 for s in timings[f"{stage}_s"].to_pylist()) for stage in STAGES}


def _first_unit_s(run: Run) -> float:
    """Seconds that the unit committed first took a worker."""
    first = min((run.out / "segments").glob("part-*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    stages = stage_seconds(pq.read_table(run.out / "timings" / first.name))
    if run.workers:
        del stages["decode"]  # in a process of its own, meanwhile
    return sum(stages.values())


def rate_rows(timed: Timed, workers: int) -> list[RateRow]:
    """The run as a whole, and without its start."""
    spent = sum(timed.stages.values())
    parts = {"end to end": timed.wall_s, "without the start": timed.wall_s - timed.start_s}
    return [
        RateRow(part, timed.explained, seconds, timed.explained / seconds, 1 - spent / (max(1, workers) * seconds))
        for part, seconds in parts.items()
    ]


def split_rows(timed: Timed) -> list[StageRow]:
    """Its stages, and all of them together."""
    total = sum(timed.stages.values())
    rows = [StageRow(stage, spent / timed.explained, spent / total) for stage, spent in timed.stages.items()]
    return [*rows, StageRow("all", total / timed.explained, 1.0)]
