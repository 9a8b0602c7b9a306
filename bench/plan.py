"""Does `mmexplain plan` say how long a run takes? It plans 60 segments, the demo's clips five times, and runs them.

Round after round, since the machine's speed changes from minute to minute: a ratio is of one plan and the run after it.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import click

from batcher.collection import read_collection, row_of
from batcher.options import Options
from batcher.plan import Settings, plan_collection
from batcher.plan.gpus import HOUR_S
from batcher.run import Run, explain_collection
from bench.demo import MANIFEST, MODEL, described
from bench.output import Column, Report, Section, publish
from export.artefact import load_artefact

TIMES: Final = 5
ROUNDS: Final = 3
WORKERS: Final = 2
AIM: Final = 0.2


@dataclass(frozen=True)
class Row:
    """One round."""

    segments: Annotated[int, Column("segments")]
    planning_s: Annotated[float, Column("planning, s", ".1f")]
    predicted_s: Annotated[float, Column("predicted, s", ".1f")]
    low_s: Annotated[float, Column("from", ".1f")]
    high_s: Annotated[float, Column("to", ".1f")]
    real_s: Annotated[float, Column("real, s", ".1f")]
    ratio: Annotated[float, Column("predicted/real", ".2f")]
    aim: Annotated[float, Column("off by at most", ".0%")] = AIM


def measure(
    *,
    times: int = TIMES,
    rounds: int = ROUNDS,
    workers: int = WORKERS,
    sample: int = Settings.sample,
    options: Options | None = None,
) -> Report:
    """Plan and run, in turn.

    Args:
        times: that each clip is repeated.
        rounds: of a plan and a run.
        workers: of both.
        sample: of the plan.
        options: of every explanation.
    """
    with tempfile.TemporaryDirectory() as folder:
        manifest = _repeated(times, Path(folder) / "clips.jsonl")
        run = Run(manifest, MODEL, Path(folder) / "result", options=options or Options(), workers=workers)
        rows = list(_rows(run, Settings(sample=sample), rounds))
    figures = {"times": times, "rounds": rounds, "workers": workers, "sample": sample}
    return Report("plan", described(load_artefact(MODEL)), figures, (Section("plan", rows),))


def _rows(run: Run, settings: Settings, rounds: int) -> Iterator[Row]:
    for number in range(rounds):
        begun = time.monotonic()
        costs = plan_collection(run, settings)
        planned = time.monotonic()
        out = run.out.with_name(f"result-{number}")
        explain_collection(Run(run.manifest, run.artefact, out, options=run.options, workers=run.workers))
        real_s = time.monotonic() - planned
        if costs.machine is None:
            raise click.ClickException("nothing was left to plan; clear the folder")
        predicted_s, low_s, high_s = (
            HOUR_S * hours for hours in (costs.machine.hours, costs.machine.low_hours, costs.machine.high_hours)
        )
        row = Row(costs.segments.selected, planned - begun, predicted_s, low_s, high_s, real_s, predicted_s / real_s)
        click.echo(f"{row}", err=True)
        yield row


def _repeated(times: int, manifest: Path) -> Path:
    segments = list(read_collection(MANIFEST))
    with manifest.open("w") as file:
        for number in range(times):
            for segment in segments:
                own = {"media": str(segment.path), "segment_id": f"{number}_{segment.segment_id}"}
                file.write(json.dumps(row_of(segment) | own) + "\n")
    return manifest


@click.command(help=__doc__)
@click.option("--times", type=click.IntRange(min=1), default=TIMES, show_default=True, help="Of each clip.")
@click.option("--rounds", type=click.IntRange(min=1), default=ROUNDS, show_default=True)
@click.option("--workers", type=click.IntRange(min=0), default=WORKERS, show_default=True)
@click.option("--sample", type=click.IntRange(min=2), default=Settings.sample, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, json_file: Path | None, **options: int) -> None:
    """Run the bench."""
    publish(measure(**options), json_file)  # type: ignore[arg-type]  # click checked them


if __name__ == "__main__":
    main()
