"""Metrics of a run for Prometheus, counted from its events and served while it goes on."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, MetricsHandler

from batcher.run.events import Event, SegmentFailed, Started, UnitDone
from batcher.run.totals import Totals

NAMESPACE: Final = "mmexplain"
LOCAL: Final = "127.0.0.1"
"""Metrics ask nobody for a password: who else may read them is for the operator to say."""


class MetricsError(Exception):
    """Metrics that can't be served."""


class Metrics:
    """Counts what it hears of a run, in a registry of its own: a process may hold several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.segments = self._gauge("segments", "Segments that the run covers.")
        self.done = self._gauge("segments_done", "Of these, committed: explained or not, by this start or an earlier.")
        self.seconds_left = self._gauge("seconds_left", "At this start's mean rate; NaN before its first commit.")
        self.last_commit = self._gauge("last_commit_timestamp_seconds", "When a unit was committed last; or the start.")
        self.explained = self._counter("segments_explained", "Segments explained since the start.")
        self.failed = self._counter("segments_failed", "Segments that became error rows.", "stage", "status")
        self.coalitions = self._counter("coalitions", "Coalitions whose values were evaluated.")
        self.seconds = self._counter("stage_seconds", "Seconds that stages took, of all workers together.", "stage")
        self.seconds_left.set(math.nan)

    def _gauge(self, name: str, description: str) -> Gauge:
        return Gauge(name, description, namespace=NAMESPACE, registry=self.registry)

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(name, description, labels, namespace=NAMESPACE, registry=self.registry)

    def __call__(self, event: Event) -> None:
        """Count one event."""
        match event:
            case Started():
                self.segments.set(event.total)
                self.done.set(event.done)
                self.last_commit.set_to_current_time()
            case SegmentFailed():
                self.failed.labels(event.stage, event.status).inc()
            case UnitDone():
                self.done.set(event.done)
                self.seconds_left.set(event.seconds_left)
                self.last_commit.set_to_current_time()
                self._add(event.unit)

    def _add(self, unit: Totals) -> None:
        self.explained.inc(unit.explained)
        self.coalitions.inc(unit.coalitions)
        for stage, seconds in unit.seconds.items():
            self.seconds.labels(stage).inc(seconds)


class _Server(ThreadingHTTPServer):
    allow_reuse_port = False
    """Some releases of Python allow it: a second run would take the port too, and the two would answer in turns."""


@contextmanager
def served(host: str, port: int | None) -> Iterator[Callable[[Event], None]]:
    """A function that counts events; what it counted stands at http://host:port/metrics.

    Args:
        host: a name or an IPv4 address of this machine; 0.0.0.0 for all of them.
        port: None to serve nothing.

    Raises:
        MetricsError: the port is taken, or the host isn't this machine's.
    """
    metrics = Metrics()
    if port is None:
        yield metrics
        return
    try:
        server = _Server((host, port), MetricsHandler.factory(metrics.registry))
    except OSError as error:
        raise MetricsError(
            f"metrics can't be served at {host}:{port}: {error.strerror}; "
            "choose another --metrics-port or --metrics-host, or leave them out"
        ) from error
    with server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield metrics
        finally:
            server.shutdown()
