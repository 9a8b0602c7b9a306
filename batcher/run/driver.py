"""The driver: what is still to do, who does it, and what came of it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from batcher.backends.choice import BackendChoice, checked
from batcher.collection import BadRow, BadRows, OnBadRow, read_regions
from batcher.options import Options, check_options, check_suits
from batcher.outcome import FAILED, UNAVAILABLE
from batcher.run.config import ConfigError, RunConfig, check_folder, file_metadata, record_run
from batcher.run.events import Compared, Event, Finished, RowSkipped, SegmentFailed, Started, UnitDone
from batcher.run.executors import Executor, InProcess
from batcher.run.lock import exclusive
from batcher.run.machine import cores
from batcher.run.measured import measure_once
from batcher.run.source import Source
from batcher.run.summary import summarise
from batcher.run.survey import Survey, survey
from batcher.run.unit import UnitReport, longest_first, unit_size, units_of
from batcher.run.worker import WorkerSetup
from batcher.selection import Selection
from batcher.store.files import Store
from batcher.store.journal import settle
from batcher.store.ledger import record
from export.artefact import Artefact, load_artefact

SERVED_WORKERS: Final = 2
"""Of servers: while one's last requests of a unit are under way, and it writes, the other keeps servers busy."""
RECORDED_UNITS: Final = 4096
"""Whose files a start reads one by one, at most: in 3 s."""


@dataclass(frozen=True)
class Run:
    """A collection, a model, a result folder, and how to get from one to the other."""

    manifest: Path
    artefact: Path
    out: Path
    options: Options = field(default_factory=Options)
    selection: Selection = field(default_factory=Selection)
    backend: BackendChoice = field(default_factory=BackendChoice)
    workers: int | None = None
    """Processes that explain; None: one per `threads` cores, one for a GPU, two for servers; 0: this process alone."""
    ray_address: str | None = None
    """A cluster to use instead of this machine."""
    retry_errors: bool = False
    """Whether segments with lasting failures are tried again."""
    regions: Path | None = None
    """The table of the pictures' regions, which `video_players` of that kind need."""
    on_bad_row: BadRows = "error"
    """Whether a row of the collection that describes no segment ends the run, or is reported and left out."""


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
    try:
        check_options(run.options)
        _check_regions(run)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if run.ray_address and run.workers is None:
        raise ConfigError("--ray-address needs --workers: the cores of this machine say nothing about the cluster")
    artefact = load_artefact(run.artefact)
    try:
        check_suits(run.options, artefact)
        choice = checked(run.artefact, run.backend.resolved(artefact))
    except ValueError as error:
        raise ConfigError(str(error)) from error
    regions = read_regions(run.regions) if run.regions else None
    source = Source(run.manifest, run.selection, run.on_bad_row, regions)
    if not run.out.exists():
        for _ in source.segments():  # a manifest that can't be read leaves no folder behind
            pass
    table, precision = regions.digest if regions else None, choice.precision or artefact.precision
    config = RunConfig(artefact.digest, run.options, precision, choice.name, choice.device, choice.threads, table)
    metadata = file_metadata(config, artefact)
    check_folder(run.out, metadata)
    with exclusive(run.out) as writing:
        measured = measure_once(run.out, run.artefact, choice, source.segments(), run.options)
        model = run.artefact.resolve()
        setup = WorkerSetup(model, choice, run.options, run.out.resolve(), metadata, measured.slices, writing)
        found = _resume(run, source, setup.store(), _reported(on_event))
        record_run(
            run.out,
            run.manifest,
            run.artefact,
            run.selection,
            metadata,
            measured.described(),
            on_bad_row=run.on_bad_row,
            writing=writing,
        )
        if measured.agreement:
            on_event(Compared(choice.name, precision, **asdict(measured.agreement)))
        on_event(Started(found.total, len(found.done), artefact.trained))
        if len(found.done) < found.total:
            _explain_rest(run, source, setup, artefact, found, on_event)
        finished = summarise(run.out, found.total, found.others)
    on_event(finished)
    return finished


def _resume(run: Run, source: Source, store: Store, on_skipped: OnBadRow) -> Survey:
    """Find what is done, take back what is to be tried again, and remove leftovers."""
    settle(store.folder)
    record(store.folder)
    retried = {UNAVAILABLE, FAILED} if run.retry_errors else {UNAVAILABLE}
    found = survey(source.segments(on_skipped), store, retried)
    # In this order: a unit that loses all its segments leaves its other files behind.
    store.drop(found.again)
    store.clean()
    return found


def _explain_rest(
    run: Run,
    source: Source,
    setup: WorkerSetup,
    artefact: Artefact,
    found: Survey,
    on_event: Callable[[Event], None],
) -> None:
    workers = _workers(setup.backend) if run.workers is None else run.workers
    pending = (segment for segment in source.segments() if segment.segment_id not in found.done)
    units = units_of(pending, unit_size(found.total - len(found.done), workers, setup.backend.in_flight))
    ordered = units if setup.backend.device == "cpu" else longest_first(units)
    reports = _recorded(_executor(run, setup, artefact, workers).run(ordered), run.out)
    _report(reports, found.total, len(found.done), on_event)
    setup.store().clean()  # of what workers that died left of units whose segments were explained one by one
    record(run.out)


def _recorded(reports: Iterator[UnitReport], out: Path) -> Iterator[UnitReport]:
    """Keep what is done, now and then: the next start reads it in seconds."""
    for number, report in enumerate(reports, 1):
        yield report
        if number % RECORDED_UNITS == 0:
            record(out)


def _check_regions(run: Run) -> None:
    if (run.options.video_players == "regions") != (run.regions is not None):
        raise ValueError(
            f"video_players is {run.options.video_players!r} and regions {run.regions}: give both regions and their "
            "table, or neither"
        )


def _reported(on_event: Callable[[Event], None]) -> OnBadRow:
    def report(row: BadRow) -> None:
        on_event(RowSkipped(row.place, row.problem))

    return report


def _workers(backend: BackendChoice) -> int:
    """As many as use the cores; one for a GPU."""
    if backend.addresses:
        return SERVED_WORKERS
    return max(1, cores() // backend.threads) if backend.uses_cores else 1


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
            on_event(SegmentFailed(segment_id, failure.stage, failure.error, failure.status))
        done += len(report.unit.segments)
        failed += len(report.failures)
        rate = (done - before) / max(time.monotonic() - started, 1e-9)
        on_event(UnitDone(done, total, failed, rate, (total - done) / rate, report.totals))
