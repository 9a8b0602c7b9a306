"""Progress of `segment`: a bar of files on a terminal, one JSON line per event elsewhere."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mmexplain.progress import Log
from mmexplain.segmenting import Begun, Ended, FileDone, FileFailed, Heard, SegmentEvent


@contextmanager
def segment_progress(log: Log) -> Iterator[Callable[[SegmentEvent], None]]:
    """A function that shows events as they come."""
    if log == "json" or (log == "auto" and not sys.stderr.isatty()):
        yield _write_json
        return
    columns = (TextColumn("files"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar)


def _write_json(event: SegmentEvent) -> None:
    if isinstance(event, Heard):
        return  # one for each row would be as long as the manifest
    sys.stderr.write(json.dumps({"event": type(event).__name__, **asdict(event)}) + "\n")
    sys.stderr.flush()


class _Bar:
    """Shows events as a bar."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.task = bar.add_task("starting", total=None)

    def __call__(self, event: SegmentEvent) -> None:
        """Show one event."""
        match event:
            case Begun():
                self.bar.update(self.task, total=event.total, completed=event.done)
            case Heard():
                of = "" if not event.of_ms else f" of {event.of_ms / 60_000:.0f}"
                self.bar.update(self.task, description=f"{event.media}: minute {event.at_ms / 60_000:.0f}{of}")
            case FileDone():
                self.bar.advance(self.task)
                if event.dropped:
                    said = f"{event.media}: {event.dropped} passages ({event.dropped_s:.1f} s) left out: no clear words"
                    self.bar.console.print(said, style="yellow", markup=False)
            case FileFailed():
                self.bar.advance(self.task)
                self.bar.console.print(event.error, style="yellow", markup=False)
            case Ended():
                said = f"{event.total - event.failed} of {event.total} files segmented"
                self.bar.console.print(said, highlight=False)
