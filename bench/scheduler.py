"""What Ray's workers cost a segment beside its decoding and explaining: units handed out, called, and reported.

Nothing is decoded, explained or written: decoding tasks answer at once with a failure instead of a clip, and workers
fetch it. What the bytes of a real clip cost (18 MB, through Ray's object store) isn't in it.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import click

from batcher.backends.choice import BackendChoice
from batcher.collection import Segment
from batcher.decode import Decoded
from batcher.options import Options
from batcher.outcome import Failure
from batcher.run.ray_workers import RayWorkers
from batcher.run.totals import Totals
from batcher.run.unit import Unit, UnitReport, unit_size, units_of
from batcher.run.worker import WorkerSetup
from bench.demo import MODEL
from bench.output import Column, Report, Section, publish
from export.artefact import Artefact, load_artefact

WORKERS: Final = (1, 2)
SEGMENTS: Final = 3000
ROUNDS: Final = 3
AIM_MS: Final = 2.0
"""A segment, at most."""


@dataclass(frozen=True)
class Row:
    """So many workers."""

    workers: Annotated[int, Column("workers")]
    unit: Annotated[int, Column("segments a unit")]
    segment_ms: Annotated[float, Column("ms a segment", ".2f")]
    least_ms: Annotated[float, Column("least", ".2f")]
    most_ms: Annotated[float, Column("most", ".2f")]
    driver_ms: Annotated[float, Column("driver's CPU, ms", ".2f")]
    """All that a cluster's workers share: one driver hands out no more than a segment in this time."""
    aim_ms: Annotated[float, Column("aim", ".2f")] = AIM_MS


class NullWorker:
    """Waits for the clips of a unit, and does nothing with them."""

    def __init__(self, setup: WorkerSetup) -> None:
        self.setup = setup

    def explain_unit(self, unit: Unit, decoded: Iterable[Decoded], attempts: int) -> UnitReport:  # noqa: ARG002
        """Report a unit."""
        for _ in decoded:
            pass
        return UnitReport(unit, (), Totals(len(unit.segments), 0, {}))


def null_decode(segments: Sequence[Segment], _artefact: Artefact, _artefact_folder: Path) -> Iterator[Decoded]:
    """Nothing."""
    for _ in segments:
        yield Decoded(Failure("decode", "a bench decodes nothing"), 0.0)


def measure(workers: Sequence[int] = WORKERS, *, segments: int = SEGMENTS, rounds: int = ROUNDS) -> Report:
    """Schedule segments that cost nothing.

    Args:
        workers: numbers of them.
        segments: of a round.
        rounds: of each number of workers, in one run; one more goes before.
    """
    artefact = load_artefact(MODEL)
    rows = [_row(artefact, number, segments, rounds) for number in workers]
    options = {"workers": list(workers), "segments": segments, "rounds": rounds}
    notes = (
        f"{segments} segments a round, {rounds} rounds: their median, least and most.",
        "Wall time, with Ray's own work for every task; on few cores it shares them with the workers.",
    )
    return Report("scheduler", "none", options, (Section("scheduler", rows, notes),))


def _row(artefact: Artefact, workers: int, segments: int, rounds: int) -> Row:
    size = unit_size(segments, workers)
    taken = list(_rounds_ms(artefact, workers, units_of(_segments(segments * (1 + rounds)), size), segments))[1:]
    wall, cpu = zip(*taken, strict=True)
    return Row(workers, size, median(wall), min(wall), max(wall), median(cpu))


def _rounds_ms(artefact: Artefact, workers: int, units: Iterator[Unit], segments: int) -> Iterator[tuple[float, float]]:
    """Milliseconds a segment of each round, wall and of this process; the first has the start as well."""
    setup = WorkerSetup(Path(), BackendChoice(), Options(), Path(), {})
    executor = RayWorkers(setup, artefact, workers, worker=NullWorker, decode=null_decode)
    done, began = 0, (time.perf_counter(), time.process_time())
    for report in executor.run(units):
        done += len(report.unit.segments)
        if done >= segments:
            now = time.perf_counter(), time.process_time()
            yield 1e3 * (now[0] - began[0]) / done, 1e3 * (now[1] - began[1]) / done
            done, began = 0, now


def _segments(number: int) -> Iterator[Segment]:
    """Made-up ones, with a text of usual length."""
    for i in range(number):
        yield Segment(f"segment{i:06}", "clip.mp4", Path("clip.mp4"), 0.0, 3000.0, text="of a dozen words or so " * 2)


@click.command(help=__doc__)
@click.option("--workers", type=click.IntRange(min=1), multiple=True, default=WORKERS, show_default=True)
@click.option("--segments", type=click.IntRange(min=1), default=SEGMENTS, show_default=True, help="Of a round.")
@click.option("--rounds", type=click.IntRange(min=1), default=ROUNDS, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(**options), json_file)


if __name__ == "__main__":
    main()
