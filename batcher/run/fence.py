"""Which run writes into a result folder: the last one that took it, whatever workers of an earlier one still do.

Workers outlive their driver: by moments on one machine, by as long as a network is split on others. Every run therefore
makes its files in a folder of its own inside of the result, and renames them into their places from there. The next run
removes that folder before it looks at what is committed. From then on no file can be made in it, and one that was made
before can't be renamed, for it is gone: the file system itself decides, on every node alike, and there is no moment
between looking and writing.

What removes files (`Store.clean`, `Store.drop`, a compaction) looks for its folder first, which leaves a moment: there
the lock must reach all machines (`batcher.run.lock`).
"""

import contextlib
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from batcher.store.errors import StoreError

WRITING: Final = ".writing-"
"""What the names of such folders begin with."""
PATIENCE_S: Final = 30
"""With workers that make files faster than they are removed, or NFS, which keeps a removed file while it is open."""


@contextmanager
def taken(out: Path) -> Iterator[Path]:
    """A folder for this run's files; nothing of an earlier run gets into the result any more.

    Args:
        out: the result folder, which this run holds.

    Raises:
        StoreError: it can't be written, or workers of an earlier run can't be shut out.
    """
    own = out.resolve() / f"{WRITING}{uuid.uuid4().hex}"
    try:
        for folder in out.glob(f"{WRITING}*"):
            _remove(folder)
        own.mkdir()
    except OSError as error:
        raise StoreError(f"{out} can't be written: {error}. Mend that, and run the same command again") from error
    try:
        yield own
    finally:
        # The next start removes it where that fails; why this run ended counts for more.
        with contextlib.suppress(OSError, StoreError):
            _remove(own)


def _remove(folder: Path) -> None:
    """Remove a folder into which others may still write."""
    end = time.monotonic() + PATIENCE_S
    while folder.exists():
        try:
            for path in folder.iterdir():
                path.unlink(missing_ok=True)
            folder.rmdir()
        except FileNotFoundError:
            return  # by another run that starts
        except OSError as error:
            if time.monotonic() > end:
                raise StoreError(
                    f"{folder} can't be removed: {error}. Workers of an earlier run still write there; "
                    "end them, and run the same command again"
                ) from error
            time.sleep(0.05)
