"""The end of a process that hangs: native code heeds neither deadlines nor exceptions."""

import faulthandler
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TypeVar

Item = TypeVar("Item")


def watched(items: Iterator[Item], seconds: float) -> Iterator[Item]:
    """Pass items on; end this process at once where one takes too long, whatever it is in.

    Args:
        items: as they are made.
        seconds: for each.

    Yields:
        The items. Before an end, where every thread was stands on the process's stderr: Ray's logs.
    """
    while True:
        with ExitStack() as timed:
            # A thread of C, which doesn't wait for the interpreter as one of Python would.
            faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or 2)
            timed.callback(faulthandler.cancel_dump_traceback_later)
            try:
                item = next(items)
            except StopIteration:
                return
        yield item
