"""Files that are there whole or not at all."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replaced(path: Path, writing: Path | None = None) -> Iterator[Path]:
    """A path in `writing`, or beside `path`, to write to; it takes its place once it is safely on the disk."""
    partial = (writing or path.parent) / f"{path.name}.{socket.gethostname()}.{os.getpid()}.tmp"
    try:
        yield partial
        sync(partial)
        partial.replace(path)
        sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have what was written to a file, or renamed and removed in a folder, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
