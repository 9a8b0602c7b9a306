"""The driver: what is still to do, who does it, and what came of it."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from batcher.backends.onnxruntime import Device, open_graph
from batcher.collection import Segment, read_collection
from batcher.explain import Options, check_options
from batcher.result import load_result
from batcher.run.config import ConfigError, RunConfig, claim, file_metadata
from batcher.run.events import Event, Finished, SegmentFailed, Started, UnitDone
from batcher.run.executors import Executor, InProcess
from batcher.run.unit import UnitReport, unit_size, units_of
from batcher.run.worker import WorkerSetup
from batcher.schema import EXPLAINED, FAILED, UNAVAILABLE
from batcher.selection import Selection
from export.artefact import HEAD, Artefact, load_artefact


@dataclass(frozen=True)
class Run:
    """A collection, a model, a result folder, and how to get from one to the other."""

    manifest: Path
    artefact: Path
    out: Path
    options: Options = field(default_factory=Options)
    selection: Selection = field(default_factory=Selection)
    device: Device = "cpu"
    threads: int = 1
    workers: int | None = None
    """Processes that explain; None: one per `threads` cores of this machine; 0: this process alone."""
    ray_address: str | None = None
    """A cluster to use instead of this machine."""
    retry_errors: bool = False
    """Whether segments with lasting failures are tried again."""


def explain_collection(run: Run, on_event: Callable[[Event], None] = lambda _: None) -> Finished:
    """Explain a collection, or what is still missing of it.

    Args:
        run: what to explain, and how.
        on_event: hears of the progress.

    Returns:
        The state of the result folder.

    Raises:
        ArtefactError: the model can't be read.
        CollectionError: the manifest can't be read; nothing was explained then.
        ConfigError: the result folder belongs to something else, or the options suit no segment.
        BackendError: the device isn't there, or the workers can't start.
    """
    try:
        check_options(run.options)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    artefact = load_artefact(run.artefact)
    open_graph(run.artefact / f"{HEAD}.onnx", device=run.device, threads=run.threads)
    total = sum(1 for _ in _selected(run))
    config = RunConfig(artefact.digest, run.options, artefact.precision, "onnxruntime", run.device, run.threads)
    metadata = file_metadata(config, artefact)
    claim(run.out, run.manifest, run.artefact, run.selection, metadata)
    setup = WorkerSetup(run.artefact.resolve(), run.device, run.threads, run.options, run.out.resolve(), metadata)
    store = setup.store()
    # In this order: a unit that loses all its segments leaves its other files behind.
    store.drop(frozenset({UNAVAILABLE, FAILED} if run.retry_errors else {UNAVAILABLE}))
    store.clean()
    done = store.statuses()
    pending = (segment for segment in _selected(run) if segment.segment_id not in done)
    before = sum(segment.segment_id in done for segment in _selected(run))
    on_event(Started(total, before, artefact.trained))
    if before < total:
        workers = _cores(run.threads) if run.workers is None else run.workers
        units = units_of(pending, unit_size(total - before, workers))
        _report(_executor(run, setup, artefact, workers).run(units), total, before, on_event)
        store.clean()  # of what workers that died left of units whose segments were explained one by one
    finished = summarise(run.out)
    on_event(finished)
    return finished


def _selected(run: Run) -> Iterator[Segment]:
    return run.selection.of(read_collection(run.manifest))


def _cores(threads: int) -> int:
    return max(1, len(os.sched_getaffinity(0)) // threads)


def _executor(run: Run, setup: WorkerSetup, artefact: Artefact, workers: int) -> Executor:
    if workers == 0:
        return InProcess(setup, artefact)
    from batcher.run.ray_workers import RayWorkers  # noqa: PLC0415  # Ray takes a second to import

    return RayWorkers(setup, artefact, workers, run.ray_address)


def _report(reports: Iterator[UnitReport], total: int, before: int, on_event: Callable[[Event], None]) -> None:
    started = time.monotonic()
    done, failed = before, 0
    for report in reports:
        for segment_id, failure in report.failures:
            on_event(SegmentFailed(segment_id, failure.stage, failure.error))
        done += len(report.unit.segments)
        failed += len(report.failures)
        rate = (done - before) / max(time.monotonic() - started, 1e-9)
        on_event(UnitDone(done, total, failed, rate, (total - done) / rate))


def summarise(out: Path) -> Finished:
    """Count what a result folder holds."""
    result = load_result(out)
    reasons: Counter[str] = Counter()
    first: dict[str, str] = {}
    segments = result.table("segments", ["segment_id", "media", "status", "error_stage", "error"]).to_pylist()
    for row in segments:
        if row["status"] != EXPLAINED:
            reason = f"{row['error_stage']}: {row['error'].replace(row['media'], '<media>')}"
            reasons[reason] += 1
            first.setdefault(reason, row["segment_id"])
    return Finished(
        segments=len(segments),
        explained=len(segments) - reasons.total(),
        failures=tuple((reason, count, first[reason]) for reason, count in reasons.most_common()),
        trained=result.run["trained"],
    )
