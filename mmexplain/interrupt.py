"""Ctrl-C and SIGTERM: the first ends a command in order, the second at once."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

from mmexplain.exit import Exit

MESSAGE: Final = "Interrupted. The same command goes on where it stopped."
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
AGAIN_S: Final = 0.05
"""After which a finaliser is over."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Have the first signal raise KeyboardInterrupt, and the second end the process where it stands.

    Nothing is lost by the second either: what isn't committed is removed by the next start, and Ray's processes on this
    machine end with this one. A signal that the process was started to ignore (`nohup`, a shell's `&`) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():  # signals reach that one alone
        yield
        return
    heard = [each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = [signal.signal(each, _first) for each in heard]
    try:
        with _insisting(heard):
            yield
    finally:
        for each, handler in zip(heard, before, strict=True):
            signal.signal(each, handler)


@contextmanager
def _insisting(heard: Sequence[signal.Signals]) -> Iterator[None]:
    """Raise it again where a finaliser was at work, which Python lets no exception leave."""
    before, timers = sys.unraisablehook, list[threading.Timer]()

    def again(lost: "sys.UnraisableHookArgs") -> None:
        if lost.exc_type is not KeyboardInterrupt:
            before(lost)
            return
        for each in heard:
            signal.signal(each, _first)
        main = threading.main_thread().ident or 0
        timers.append(threading.Timer(AGAIN_S, signal.pthread_kill, (main, heard[0])))
        timers[-1].start()

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in timers:
            timer.cancel()


def end_now(code: int) -> NoReturn:
    """End the process without tearing Python down: Ray's threads, if they live, crash it then now and again."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _first(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # a handler's
    for each in SIGNALS:
        signal.signal(each, _second)
    raise KeyboardInterrupt


def _second(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # as above
    os.write(2, f"{MESSAGE}\n".encode())
    os._exit(Exit.INTERRUPTED)
