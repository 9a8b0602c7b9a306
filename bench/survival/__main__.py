"""`python -m bench.survival`."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import click
import numpy as np

import bench.survival
from batcher.collection import read_collection
from bench.demo import MANIFEST, MODEL, described
from bench.output import Column, Report, Section, publish
from bench.planted_run import write_segments
from bench.survival.command import Command
from bench.survival.result import rows_of
from bench.survival.trial import KINDS, Oracle, Outcome, attempted
from export.artefact import load_artefact

SEGMENTS: Final = 48
WORKERS: Final = 2
MASKS: Final = 8
MOMENTS: Final = 20
LATE: Final = 10
"""Moments in a row that came after the end of a run."""


@dataclass(frozen=True)
class Row:
    """One kind of harm."""

    kind: Annotated[str, Column("what is hurt")]
    moments: Annotated[int, Column("moments")]
    right: Annotated[int, Column("result right")]
    again: Annotated[int, Column("segments recomputed, most")]
    gone_s: Annotated[float, Column("s until all are gone, median", ".1f")]
    most_gone_s: Annotated[float, Column("most", ".1f")]
    last: Annotated[str, Column("the last, mostly")]


def measure(
    *,
    kinds: Sequence[str] = KINDS,
    moments: int = MOMENTS,
    segments: int = SEGMENTS,
    seed: int = 0,
    folder: Path,
) -> Report:
    """Hurt runs.

    Args:
        kinds: of harm.
        moments: of each.
        segments: of a run.
        seed: of the moments.
        folder: for manifest and results.

    Raises:
        RuntimeError: the uninterrupted run failed, or every moment of a kind is late.
    """
    clips = list(read_collection(MANIFEST))
    chosen = [clips[i % len(clips)] for i in range(segments)]
    named = [replace(clip, segment_id=f"{i:03}_{clip.segment_id}") for i, clip in enumerate(chosen)]
    command = Command(write_segments(named, folder / "manifest.jsonl"), MODEL, MASKS, WORKERS)
    oracle = _uninterrupted(command, folder / "uninterrupted")
    rows, wrong = [], []
    for kind in kinds:
        rng = np.random.default_rng([seed, KINDS.index(kind)])
        outcomes = [_outcome(kind, rng, command, oracle, folder / f"{kind}{i}") for i in range(moments)]
        rows.append(_row(kind, outcomes))
        wrong += [f"{kind}: {problem}" for outcome in outcomes for problem in outcome.problems]
    notes = (
        f"{segments} segments, {WORKERS} workers. An uninterrupted run works for {oracle.working_s:.0f} s, Ray's start",
        "included; moments are drawn over that time. Right: each segment once, all rows but timings/ those of the",
        "uninterrupted run, nothing that validate finds, nothing left over. Recomputed: where the run was ended,",
        "segments that were committed; else all of units that were tried again. Gone: after the command's end.",
        *wrong,
    )
    options = {"kinds": list(kinds), "moments": moments, "segments": segments, "seed": seed}
    return Report("survival", described(load_artefact(MODEL)), options, (Section("survival", rows, notes),))


def _uninterrupted(command: Command, out: Path) -> Oracle:
    with command.begun(out) as run:
        started = run.wait_for("Started")
        working_s = run.wait_for("Finished") - started
        run.process.wait()
    return Oracle(out, rows_of(out), working_s)


def _outcome(kind: str, rng: np.random.Generator, command: Command, oracle: Oracle, out: Path) -> Outcome:
    for attempt in range(LATE):
        outcome = attempted(kind, rng.random(), command, oracle, out.with_name(f"{out.name}-{attempt}"))
        if outcome:
            return outcome
    raise RuntimeError(f"{LATE} moments for {kind} came after the end of a run; take more --segments")


def _row(kind: str, outcomes: Sequence[Outcome]) -> Row:
    gone_s = [outcome.gone_s for outcome in outcomes]
    last = Counter(", ".join(outcome.last) for outcome in outcomes).most_common(1)[0][0]
    right = sum(not outcome.problems for outcome in outcomes)
    return Row(
        kind, len(outcomes), right, max(one.again for one in outcomes), median(gone_s), max(gone_s), last or "nobody"
    )


@click.command(help=bench.survival.__doc__)
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, default=KINDS, help="[default: all]")
@click.option("--moments", type=click.IntRange(min=1), default=MOMENTS, show_default=True, help="Of each kind.")
@click.option("--segments", type=click.IntRange(min=1), default=SEGMENTS, show_default=True, help="Of a run.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    with tempfile.TemporaryDirectory() as folder:
        publish(measure(**options, folder=Path(folder)), json_file)


if __name__ == "__main__":
    main()
