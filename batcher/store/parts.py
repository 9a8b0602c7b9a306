"""The files of a result that count: those of committed units, which no compaction has replaced."""

import os
from pathlib import Path
from typing import Final

from batcher.store.journal import SUFFIX, read_journal

PREFIX: Final = "part-"


def part(unit_id: str) -> str:
    """The name of a unit's files, in every table."""
    return f"{PREFIX}{unit_id}{SUFFIX}"


def committed_parts(folder: Path) -> set[str]:
    """Names of the files of committed units.

    Raises:
        StoreError: a compaction's journal can't be read.
    """
    hidden = _hidden(folder)
    while True:
        names = names_in(folder / "segments")
        before, hidden = hidden, _hidden(folder)
        if hidden == before:  # else a compaction committed, or ended, while the folder was read
            return {name for name in names if name.startswith(PREFIX) and name.endswith(SUFFIX)} - hidden


def _hidden(folder: Path) -> frozenset[str]:
    journal = read_journal(folder)
    return journal.hidden(folder) if journal else frozenset()


def hidden_parts(folder: Path) -> frozenset[str]:
    """Names of files that belong to a compaction, and don't count.

    Raises:
        StoreError: as above.
    """
    journal = read_journal(folder)
    return frozenset((journal.merged, *journal.replaced)) - committed_parts(folder) if journal else frozenset()


def parts_of(folder: Path, table: str) -> list[Path]:
    """The files of a table that count, by their names."""
    committed = committed_parts(folder)
    return [folder / table / name for name in sorted(names_in(folder / table)) if name in committed]


def names_in(folder: Path) -> list[str]:
    """What a folder holds; nothing where there is none. A path for each of a million files would cost seconds."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except FileNotFoundError:
        return []
