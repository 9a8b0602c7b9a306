"""The driver: what is still to do, who does it, and what came of it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from batcher.collection import BadRow, CollectionError
from batcher.outcome import FAILED, UNAVAILABLE
from batcher.run.config import record_run
from batcher.run.events import Compared, Event, Finished, RowSkipped, SegmentFailed, Started, UnitDone
from batcher.run.executors import Executor, InProcess
from batcher.run.job import Job, Run, job_of
from batcher.run.lock import exclusive
from batcher.run.measured import measure_once
from batcher.run.summary import summarise
from batcher.run.survey import Survey, survey
from batcher.run.unit import UnitReport, longest_first, unit_size, units_of
from batcher.run.worker import WorkerSetup
from batcher.store.files import Store
from batcher.store.journal import settle
from batcher.store.ledger import record

RECORDED_UNITS: Final = 4096
"""Whose files a start reads one by one, at most: in 3 s."""


def explain_collection(run: Run, on_event: Callable[[Event], None] = lambda _: None) -> Finished:
    """Explain a collection, or what is still missing of it.

    Args:
        run: what to explain, and how.
        on_event: hears of the progress.

    Returns:
        The state of the result folder.

    Raises:
        ArtefactError: the model can't be read.
        CollectionError: the collection or the table of regions can't be read, or the collection has a bad row that
            isn't to be skipped, or a segment of the result of other media; nothing was explained then.
        ConfigError: the result folder belongs to something else or is in use, the options suit no segment, or a node
            of the cluster doesn't see the files.
        StoreError: the result can't be written.
        BackendError: the backend or the device isn't there, it differs too much from ONNX Runtime on the first clips,
            or the workers can't start or are all gone.
    """
    job = job_of(run)
    if not run.out.exists():
        for _ in job.source.segments():  # a collection that can't be read leaves no folder behind
            pass
    with exclusive(run.out) as writing:
        finished = _explained(job, writing, on_event)
    on_event(finished)
    return finished


def _explained(job: Job, writing: Path, on_event: Callable[[Event], None]) -> Finished:
    run, artefact, choice = job.run, job.artefact, job.choice
    measured = measure_once(run.out, run.artefact, choice, job.source.segments(), run.options)
    out, model = run.out.resolve(), run.artefact.resolve()
    setup = WorkerSetup(model, choice, run.options, out, job.metadata, measured.slices, writing)
    found = _resume(job, setup.store(), on_event)
    record_run(run.out, _described(job) | measured.described(), writing)
    if measured.agreement:
        on_event(Compared(choice.name, job.precision, **asdict(measured.agreement)))
    on_event(Started(found.total, len(found.done), artefact.trained))
    if len(found.done) < found.total:
        _explain_rest(job, setup, found, on_event)
    return summarise(run.out, found.total, found.others)


def _described(job: Job) -> dict[str, Any]:
    """What `run.json` says: what every file does, and what may change from start to start."""
    run = job.run
    manifest = run.manifest.resolve()
    return job.metadata | {
        "manifest": str(manifest),
        "media_folder": str(manifest if manifest.is_dir() else manifest.parent),
        "artefact_folder": str(run.artefact.resolve()),
        "selection": asdict(run.selection),
        "on_bad_row": run.on_bad_row,
    }


def _resume(job: Job, store: Store, on_event: Callable[[Event], None]) -> Survey:
    """Find what is done, take back what is to be tried again, and remove leftovers."""

    def skipped(row: BadRow) -> None:
        on_event(RowSkipped(row.place, row.problem))

    settle(store.folder)
    record(store.folder)
    retried = {UNAVAILABLE, FAILED} if job.run.retry_errors else {UNAVAILABLE}
    found = survey(job.source.segments(skipped), store, retried)
    if job.run.regions and found.total and not found.regions:
        raise CollectionError(
            f"{job.run.regions} has regions of none of the {found.total} segments; check its segment_id and times"
        )
    # In this order: a unit that loses all its segments leaves its other files behind.
    store.drop(found.again)
    store.clean()
    return found


def _explain_rest(job: Job, setup: WorkerSetup, found: Survey, on_event: Callable[[Event], None]) -> None:
    left = found.total - len(found.done)
    pending = (segment for segment in job.source.segments() if segment.segment_id not in found.done)
    units = units_of(pending, unit_size(left, job.workers, setup.backend.in_flight))
    ordered = units if setup.backend.device == "cpu" else longest_first(units)
    reports = _recorded(_executor(job, setup).run(ordered), setup.out)
    _report(reports, found.total, len(found.done), on_event)
    setup.store().clean()  # of what workers that died left of units whose segments were explained one by one
    record(setup.out)


def _recorded(reports: Iterator[UnitReport], out: Path) -> Iterator[UnitReport]:
    """Keep what is done, now and then: the next start reads it in seconds."""
    for number, report in enumerate(reports, 1):
        yield report
        if number % RECORDED_UNITS == 0:
            record(out)


def _executor(job: Job, setup: WorkerSetup) -> Executor:
    if job.workers == 0:
        return InProcess(setup, job.artefact)
    from batcher.run.ray_workers import RayWorkers  # noqa: PLC0415  # Ray takes a second to import

    return RayWorkers(setup, job.artefact, job.workers, job.run.ray_address)


def _report(reports: Iterator[UnitReport], total: int, before: int, on_event: Callable[[Event], None]) -> None:
    started = time.monotonic()
    done, failed = before, 0
    for report in reports:
        for segment_id, failure in report.failures:
            on_event(SegmentFailed(segment_id, failure.stage, failure.error, failure.status))
        done += len(report.unit.segments)
        failed += len(report.failures)
        rate = (done - before) / max(time.monotonic() - started, 1e-9)
        on_event(UnitDone(done, total, failed, rate, (total - done) / rate, report.totals))
