"""Progress of a run: a bar on a terminal, one JSON line per event elsewhere."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from batcher.run.events import Compared, Event, Finished, RowSkipped, SegmentFailed, Started, UnitDone
from triton_models.events import Broken, Listening, ServerEvent

Log = Literal["auto", "rich", "json"]
UNTRAINED = "untrained model: random weights, its explanations mean nothing"


@contextmanager
def progress(log: Log) -> Iterator[Callable[[Event], None]]:
    """A function that shows events as they come."""
    if log == "json" or (log == "auto" and not sys.stderr.isatty()):
        yield _write_json
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar)


def show_server(log: Log) -> Callable[[ServerEvent], None]:
    """A function that shows a server's events as they come."""
    return _write_json if log == "json" or (log == "auto" and not sys.stderr.isatty()) else _write_server_event


def _write_server_event(event: ServerEvent) -> None:
    match event:
        case Listening():
            ports = ", ".join(f"{name} {port}" for name, port in event.ports.items())
            sys.stderr.write(f"Listening at {event.url} ({ports}) after {event.seconds:.1f} s; Ctrl-C stops it.\n")
        case Broken():
            sys.stderr.write(f"Starting again: {event.reason}\n")
    sys.stderr.flush()


def _write_json(event: Event | ServerEvent) -> None:
    sys.stderr.write(json.dumps({"event": type(event).__name__, **asdict(event)}) + "\n")
    sys.stderr.flush()


class _Bar:
    """Shows events as a bar."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.task = bar.add_task("starting", total=None, rate="")

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case RowSkipped():
                line = f"left out: {event.place} {event.problem}"
                self.bar.console.print(line, style="yellow", markup=False)
            case Compared():
                self.bar.console.print(_comparison(event), highlight=False)
            case Started():
                if not event.trained:
                    self.bar.console.print(UNTRAINED, style="bold red")
                self.bar.update(self.task, description="segments", total=event.total, completed=event.done)
            case SegmentFailed():
                line = f"{event.segment_id}: {event.stage}: {event.error}"
                self.bar.console.print(line, style="yellow", markup=False)
            case UnitDone():
                rate = f"{event.segments_per_second:.2f}/s, {_duration(event.seconds_left)} left"
                self.bar.update(self.task, completed=event.done, rate=rate)
            case Finished():
                self._print_summary(event)

    def _print_summary(self, event: Finished) -> None:
        console = self.bar.console
        console.print(f"{event.explained} of {event.segments} segments explained", highlight=False)
        if event.failures:
            console.print("Not explained (the column error in segments/ says more; --retry-errors tries again):")
        for reason, count, first in event.failures:
            console.print(f"  {count} x {reason}; first: {first}", highlight=False, markup=False)


def _comparison(event: Compared) -> str:
    return (
        f"{event.backend} in {event.precision} beside onnxruntime, on {event.clips} clips: attributions differ by "
        f"{event.attribution:.1%}, shares by {event.share:.1%} at most; graphs take {event.time:.1f} times as long"
    )


def _duration(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
