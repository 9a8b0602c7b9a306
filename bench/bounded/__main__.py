"""Whether a run is bounded: memory by process, and pace, from a tenth of it to its end.

The driver, Ray's workers, decoding and the store are real. Encoders cost nothing in the longer run, so that its many
segments take minutes: what leaks by segment shows there. The shorter run has the shipped model.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from batcher.options import Options
from batcher.run import Event, Run, explain_collection
from batcher.run.events import Started, UnitDone
from bench.bounded.media import SPAN_MS, write_collection
from bench.bounded.memory import measure_usage
from bench.bounded.null import null_encoders
from bench.bounded.rows import Moment, memory_rows, pace_row, tenth_rows
from bench.demo import MODEL, described
from bench.output import Report, Section, publish
from export.artefact import load_artefact

SEGMENTS: Final = 10_000
MODEL_SEGMENTS: Final = 500
WORKERS: Final = 2
DURATION_S: Final = 180.0
"""Of a media file."""
MOMENTS: Final = 100
"""At which a run is looked at."""
OPTIONS: Final = Options(masks=8, max_masks=8, video_players="time")


@dataclass
class Watch:
    """Looks at this process and its children as a run goes on."""

    started_s: float = 0.0
    moments: list[Moment] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        """Hear of an event."""
        if isinstance(event, Started):
            self.started_s = time.perf_counter()
            self._look(0)
        elif isinstance(event, UnitDone):
            due = event.done - self.moments[-1].done >= event.total / MOMENTS
            if due or event.done == event.total:
                self._look(event.done)

    def _look(self, done: int) -> None:
        self.moments.append(Moment(done, time.perf_counter() - self.started_s, measure_usage(os.getpid())))


def measure(
    segments: int = SEGMENTS,
    model_segments: int = MODEL_SEGMENTS,
    workers: int = WORKERS,
    duration_s: float = DURATION_S,
) -> Report:
    """Explain many spans of few files, twice.

    Args:
        segments: without encoders; 0: not at all.
        model_segments: with the shipped model; 0: not at all.
        workers: of Ray.
        duration_s: of each of the files.

    Raises:
        click.ClickException: segments failed, or there are none.
    """
    runs = {"none": segments, "the shipped model's": model_segments}
    watched = {name: _watch(name, number, workers, duration_s) for name, number in runs.items() if number}
    if not watched:
        raise click.ClickException("both runs have 0 segments: give one of them some")
    options = {"segments": segments, "model_segments": model_segments, "workers": workers, "duration_s": duration_s}
    memory_notes = (
        "Resident memory without what is shared; the object store's pages apart. Medians of a twentieth of the run.",
        "Decoders are all of Ray's processes that decode, or wait to.",
    )
    pace_notes = (f"Spans of {SPAN_MS:g} ms, {OPTIONS.masks} masks. CPU: of all processes, Ray's included.",)
    memory = [row for name, moments in watched.items() for row in memory_rows(name, moments)]
    pace = [pace_row(name, list(tenth_rows(name, moments))) for name, moments in watched.items()]
    tenths = [row for name, moments in watched.items() for row in tenth_rows(name, moments)]
    sections = (
        Section("memory", memory, memory_notes),
        Section("pace", pace, pace_notes),
        Section("tenths", tenths, shown=False),
    )
    return Report("bounded", described(load_artefact(MODEL)), options, sections)


def _watch(encoders: str, segments: int, workers: int, duration_s: float) -> Sequence[Moment]:
    watch = Watch()
    with tempfile.TemporaryDirectory() as scratch, null_encoders() if encoders == "none" else nullcontext():
        manifest = write_collection(Path(scratch), segments, duration_s)
        run = Run(manifest, MODEL, Path(scratch) / "out", options=OPTIONS, workers=workers)
        finished = explain_collection(run, watch)
    if finished.failed:
        reason, _, segment_id = finished.failures[0]
        raise click.ClickException(
            f"{finished.failed} of {finished.segments} segments failed, so the figures mean nothing; "
            f"{segment_id}, for one: {reason}"
        )
    return watch.moments


@click.command(help=__doc__)
@click.option("--segments", type=click.IntRange(min=0), default=SEGMENTS, show_default=True, help="Without encoders.")
@click.option("--model-segments", type=click.IntRange(min=0), default=MODEL_SEGMENTS, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=WORKERS, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(**options), json_file)


if __name__ == "__main__":
    main()
