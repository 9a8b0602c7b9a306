"""One run at a time on a result folder."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from batcher.run.config import ConfigError

LOCK: Final = ".lock"


@contextmanager
def exclusive(out: Path) -> Iterator[None]:
    """Hold a result folder; the lock goes with the process, however it ends.

    Raises:
        ConfigError: another run holds it.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise ConfigError(f"{out} is in use by {file.read()}; wait for it, or choose another --out") from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield
