"""A worker: explains the segments of a unit and writes its files."""

import socket
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from batcher.backends import Backend, BackendError, UnavailableError
from batcher.backends.choice import BackendChoice, open_backend
from batcher.collection import Segment
from batcher.decode import Decoded
from batcher.explain import explain_clip
from batcher.explanation import SegmentExplanation
from batcher.grid.calls import Slices
from batcher.options import Options
from batcher.outcome import EXPLAINED, UNAVAILABLE, Failure
from batcher.run.totals import Totals, totals_of
from batcher.run.unit import Unit, UnitReport
from batcher.store.files import Store
from batcher.store.rows import Row, attributions, contributions, explained_segment, failed_segment, timing
from media import Clip, MediaError


@dataclass(frozen=True)
class WorkerSetup:
    """What a worker is made from; it travels to the machine where the worker runs."""

    artefact_folder: Path
    backend: BackendChoice
    options: Options
    out: Path
    metadata: dict[str, Any]
    slices: Slices = field(default_factory=Slices)
    """How much goes into one call of a graph."""
    writing: Path | None = None
    """Of the run, in which its files are made."""

    def store(self) -> Store:
        """The result folder."""
        return Store(self.out, self.metadata, self.writing)


@dataclass(frozen=True)
class Found:
    """What became of a segment."""

    decode_s: float
    outcome: tuple[Clip, SegmentExplanation] | Failure


@dataclass
class UnitRows:
    """Rows of a unit that are still to be written."""

    segments: list[Row]
    contributions: list[Row]
    attributions: list[Row]
    seconds: dict[str, dict[str, float]]
    failures: list[tuple[str, Failure]]


class Worker:
    """Holds the model; explains unit after unit."""

    def __init__(self, setup: WorkerSetup, backend: Backend | None = None) -> None:
        self.threads, self.in_flight = setup.backend.threads, setup.backend.in_flight
        self.backend = backend or open_backend(setup.artefact_folder, setup.backend, slices=setup.slices)
        self.options = setup.options
        self.store = setup.store()

    def explain_unit(self, unit: Unit, decoded: Iterable[Decoded], attempts: int) -> UnitReport:
        """Explain every segment of a unit and commit it.

        Args:
            unit: the segments.
            decoded: their clips, in the same order; consumed one at a time, or all where several are under way at once.
            attempts: how often the unit was started, this time included.

        Returns:
            Its failures and sums; they are rows already.

        Raises:
            BackendError: there is no server left; nothing of the unit is committed.
        """
        rows = UnitRows([], [], [], {}, [])
        # The estimator's sums, like the graphs', must not depend on how many cores the machine has.
        with threadpool_limits(self.threads):
            for segment, found in zip(unit.segments, self._explained(unit, decoded), strict=True):
                self._add(segment, found, rows)
        self.backend.rest()
        return UnitReport(unit, tuple(rows.failures), self._write(unit, rows, attempts))

    def _explained(self, unit: Unit, decoded: Iterable[Decoded]) -> Iterator[Found]:
        """What became of each segment, in their order."""
        if self.in_flight == 1:
            yield from map(self._explain, unit.segments, decoded)
            return
        pool = ThreadPoolExecutor(self.in_flight)
        try:
            yield from pool.map(self._explain, unit.segments, decoded)
        finally:
            pool.shutdown(cancel_futures=True)

    def _explain(self, segment: Segment, decoded: Decoded) -> Found:
        """Explain one segment, or say why that can't be done."""
        clip = decoded.clip
        if isinstance(clip, Failure):
            return Found(decoded.seconds, clip)
        try:
            explained = explain_clip(clip, segment.segment_id, self.backend, self.options)
        except BackendError:
            raise
        except UnavailableError as error:
            return Found(decoded.seconds, Failure("explain", str(error), UNAVAILABLE))
        except MediaError as error:
            return Found(decoded.seconds, Failure("explain", str(error)))
        except Exception as error:  # noqa: BLE001  # one odd segment must not stop a night's run
            return Found(decoded.seconds, Failure("explain", f"{type(error).__name__}: {error}"))
        return Found(decoded.seconds, (clip, explained))

    def _add(self, segment: Segment, found: Found, rows: UnitRows) -> None:
        """Add the rows of one segment."""
        artefact, segment_id = self.backend.artefact, segment.segment_id
        rows.seconds[segment_id] = {"decode": found.decode_s}
        if isinstance(found.outcome, Failure):
            rows.segments.append(failed_segment(segment, found.outcome))
            rows.failures.append((segment_id, found.outcome))
            return
        clip, explained = found.outcome
        rows.segments.append(explained_segment(segment, clip, explained, artefact, self.options.estimator))
        rows.contributions += contributions(segment_id, explained, artefact.labels)
        rows.attributions += attributions(segment_id, explained, artefact.labels)
        rows.seconds[segment_id] |= explained.seconds

    def _write(self, unit: Unit, rows: UnitRows, attempts: int) -> Totals:
        started = time.perf_counter()
        tables = {"contributions": rows.contributions, "attributions": rows.attributions}
        self.store.write_unit(unit.unit_id, tables)
        write_s = (time.perf_counter() - started) / len(unit.segments)
        host = socket.gethostname()
        timings = [
            timing(segment_id, seconds, write_s=write_s, attempts=attempts, host=host)
            for segment_id, seconds in rows.seconds.items()
        ]
        self.store.write_unit(unit.unit_id, {"timings": timings, "segments": rows.segments})
        return totals_of(rows.segments, timings)


def write_failed_unit(store: Store, unit: Unit, failure: Failure, attempts: int) -> UnitReport:
    """Commit a unit that no worker survived, as error rows."""
    ids = [segment.segment_id for segment in unit.segments]
    host = socket.gethostname()
    timings = [timing(name, {}, write_s=0.0, attempts=attempts, host=host) for name in ids]
    segments = [failed_segment(segment, failure) for segment in unit.segments]
    tables = {"contributions": [], "attributions": [], "timings": timings, "segments": segments}
    store.write_unit(unit.unit_id, tables)
    return UnitReport(unit, tuple((name, failure) for name in ids), totals_of(segments, timings))


def committed_unit(store: Store, unit: Unit) -> UnitReport:
    """What became of a unit whose worker died after its commit, from the unit's own files."""
    segments, timings = (store.rows(table, unit.unit_id) for table in ("segments", "timings"))
    failures = tuple(
        (row["segment_id"], Failure(row["error_stage"], row["error"], row["status"]))
        for row in segments
        if row["status"] != EXPLAINED
    )
    return UnitReport(unit, failures, totals_of(segments, timings))
