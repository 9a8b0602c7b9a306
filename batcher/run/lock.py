"""One run at a time on a result folder.

The lock is the kernel's: it ends with the process that holds it, however that ends, and with its machine. On one
machine, and on NFS (Linux makes it a lock of the server's, unless mounted with `nolock` or `local_lock`), a second run
is refused at once. Where locks don't reach other machines, both start, and the fence decides: the later one has the
folder, the earlier one stops at its next write, and no segment stands twice.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Final

from batcher.run.config import ConfigError
from batcher.run.fence import taken
from batcher.store.errors import StoreError

LOCK: Final = ".lock"


@contextmanager
def exclusive(out: Path) -> Iterator[Path]:
    """Hold a result folder; the lock goes with the process, however it ends.

    Returns:
        Where the holder's files are made before they are renamed to their places (`batcher.run.fence`).

    Raises:
        ConfigError: another run holds it.
        StoreError: it can't be made, written or locked.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        file = (out / LOCK).open("a+b", buffering=0)
    except OSError as error:
        raise StoreError(f"{out} can't be written: {error}. Mend that, or choose another --out") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise ConfigError(
                f"{out} is in use by {file.read().decode()}; wait for it, or choose another --out"
            ) from error
        except OSError as error:
            raise StoreError(
                f"{out} can't be locked: {error}. Mount its file system with locks, or choose another --out"
            ) from error
        _sign(file)
        with taken(out) as writing:
            yield writing


def _sign(file: FileIO) -> None:
    """Say who holds the lock.

    Raises:
        StoreError: the disk is full.
    """
    try:
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
    except OSError as error:
        raise StoreError(f"{file.name} can't be written: {error}. Mend that, and run the same command again") from error
