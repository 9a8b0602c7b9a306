"""Explanations per second, and where the time goes.

A real run, from a manifest to Parquet in a temporary folder; the stages are those of its `timings/` table.
Overhead is what of the workers' time no stage accounts for: starting Ray, loading the model, waiting, handing
clips over. Decoding has processes of its own beside the workers, so overhead may be negative where it is much.
The start lasts until the first committed unit began; without it, a long run's rate shows in a short one.
"""

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import click
import pyarrow as pa
import pyarrow.parquet as pq

from batcher.collection import Segment, read_collection
from batcher.options import Options
from batcher.players import VIDEO_PLAYERS, VideoPlayers
from batcher.run import Event, Run, explain_collection
from batcher.run.events import UnitDone
from batcher.store.result import load_result
from bench.demo import common_options, described
from bench.machine import cores
from bench.output import Column, Report, Section, publish
from export.artefact import load_artefact
from mmexplain.cli import Masks

SEGMENTS: Final = 24
STAGES: Final = ("decode", "encode", "grid", "estimate", "write")
RATE: Final = "explanations per second"
SPLIT: Final = "seconds per segment"
PERCENT: Final = ".1%"


@dataclass(frozen=True)
class RateRow:
    """The run as a whole, or without its start."""

    part: Annotated[str, Column("part")]
    segments: Annotated[int, Column("segments")]
    seconds: Annotated[float, Column("wall seconds", ".2f")]
    rate: Annotated[float, Column("explanations/s", ".2f")]
    overhead: Annotated[float, Column("overhead", PERCENT)]
    """Of wall time x workers, the share that is in no stage."""


@dataclass(frozen=True)
class StageRow:
    """One stage, in the mean over segments."""

    stage: Annotated[str, Column("stage")]
    seconds: Annotated[float, Column("seconds", ".4f")]
    share: Annotated[float, Column("share", PERCENT)]


@dataclass(frozen=True)
class Timed:
    """What a run took."""

    explained: int
    wall_s: float
    start_s: float
    """Until the first unit that was committed began."""
    stages: Mapping[str, float]
    """Seconds of each stage, over all segments."""


def measure(
    model: Path,
    manifest: Path,
    *,
    segments: int = SEGMENTS,
    masks: int | Literal["auto"] = "auto",
    workers: int | None = None,
    video_players: VideoPlayers = "space",
) -> Report:
    """Explain a collection, and time it.

    Args:
        model: the artefact.
        manifest: its segments are repeated, under ids of their own.
        segments: how many.
        masks: per modality.
        workers: processes; None: one per core; 0: this process alone.
        video_players: what of the picture is masked.
    """
    workers = cores() if workers is None else workers
    with tempfile.TemporaryDirectory() as scratch:
        repeated = repeat(manifest, segments, Path(scratch) / "manifest.jsonl")
        options = Options(masks=masks, video_players=video_players)
        timed = _time(Run(repeated, model, Path(scratch) / "out", options=options, workers=workers))
    if timed.explained < segments:
        raise click.ClickException(
            f"{segments - timed.explained} of {segments} segments failed, so the times mean nothing; "
            f"see why by: mmexplain explain {manifest} --model {model} --out OUT"
        )
    return Report(
        "throughput",
        described(load_artefact(model)),
        {"segments": segments, "masks": masks, "workers": workers, "video_players": video_players},
        (Section(RATE, _rates(timed, workers)), Section(SPLIT, _split(timed))),
    )


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


def _rates(timed: Timed, workers: int) -> list[RateRow]:
    spent = sum(timed.stages.values())
    parts = {"end to end": timed.wall_s, "without the start": timed.wall_s - timed.start_s}
    return [
        RateRow(part, timed.explained, seconds, timed.explained / seconds, 1 - spent / (max(1, workers) * seconds))
        for part, seconds in parts.items()
    ]


def _split(timed: Timed) -> list[StageRow]:
    total = sum(timed.stages.values())
    rows = [StageRow(stage, spent / timed.explained, spent / total) for stage, spent in timed.stages.items()]
    return [*rows, StageRow("all", total / timed.explained, 1.0)]


@click.command(help=__doc__)
@common_options
@click.option("--segments", type=click.IntRange(min=1), default=SEGMENTS, show_default=True)
@click.option("--masks", type=Masks(), default="auto", show_default=True, help="Per modality.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0 is this one alone.  [default: cores]")
@click.option("--video-players", type=click.Choice(VIDEO_PLAYERS), default="space", show_default=True)
def main(*, model: Path, manifest: Path, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(model, manifest, **options), json_file)


if __name__ == "__main__":
    main()
