"""The journal of a compaction: which merged unit takes the place of which others.

It stands in the result's folder from before the first file of the merged unit until the last file of those replaced
is gone. Whichever of the two sides doesn't count at a moment is hidden from every reader.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from batcher.store.atomic import replaced, sync
from batcher.store.errors import StoreError
from batcher.store.schema import TABLES

JOURNAL: Final = "compact.json"
SUFFIX: Final = ".parquet"


@dataclass(frozen=True)
class Journal:
    """Names of files, which are the same in every table."""

    merged: str
    replaced: tuple[str, ...] = ()
    """Complete before the merged unit commits."""

    def write(self, folder: Path) -> None:
        """Write it into a result's folder, in the place of an earlier one."""
        with replaced(folder / JOURNAL) as partial:
            partial.write_text(json.dumps(asdict(self)) + "\n")

    def hidden(self, folder: Path) -> frozenset[str]:
        """Files that don't count: once the merged unit is committed those it replaces, and until then its own."""
        committed = (folder / "segments" / self.merged).exists()
        return frozenset(self.replaced if committed else (self.merged,))


def read_journal(folder: Path) -> Journal | None:
    """The journal of a result, where a compaction is under way or was cut short.

    Raises:
        StoreError: it can't be read.
    """
    path = folder / JOURNAL
    try:
        stored = json.loads(path.read_text())
        return Journal(stored["merged"], tuple(stored["replaced"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} can't be read ({error}); mend it: it names the file `merged`, and the files `replaced`"
        ) from error


def settle(folder: Path) -> None:
    """Complete a compaction that was cut short after its commit, or take back one that was before it.

    Only under the result's lock.
    """
    journal = read_journal(folder)
    if journal is None:
        return
    hidden = journal.hidden(folder)
    for table in TABLES:
        if (folder / table).is_dir():
            _remove(folder / table, hidden)
    # Without its journal a replaced file would count again: its removal must be on the disk before.
    (folder / JOURNAL).unlink()
    sync(folder)


def file_of(name: str) -> str:
    """The name of the file that a temporary file was to become; of others their own."""
    return name.partition(SUFFIX)[0] + SUFFIX


def _remove(folder: Path, names: frozenset[str]) -> None:
    for path in list(folder.iterdir()):
        if file_of(path.name) in names:
            path.unlink()
    sync(folder)
