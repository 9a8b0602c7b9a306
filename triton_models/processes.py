"""Processes of this machine, as /proc shows them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
DEAD: Final = "ZX"
"""Their states: ended, though their parent hasn't asked."""
NAME_LENGTH: Final = 15
"""What the kernel keeps of a name, in bytes."""


@dataclass(frozen=True)
class Process:
    """A process; its number alone may be another's later."""

    pid: int
    started: int
    """In ticks since the machine started."""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        found = _read(self.pid)
        return found is not None and found.process == self and found.state not in DEAD


@dataclass(frozen=True)
class _Entry:
    process: Process
    name: str
    state: str
    parent: int


def children_of(pid: int, name: str) -> tuple[Process, ...]:
    """The living children of a process that run a program of this name."""
    return tuple(
        entry.process
        for entry in _entries()
        if entry.parent == pid and entry.name == name[:NAME_LENGTH] and entry.state not in DEAD
    )


def _entries() -> Iterator[_Entry]:
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            entry = _read(int(folder.name))
            if entry:
                yield entry


def _read(pid: int) -> _Entry | None:
    """One line of /proc/<pid>/stat (proc(5)); None if the process is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        line = (PROC / str(pid) / "stat").read_text(errors="replace")
        # A name may hold spaces and brackets.
        name, _, rest = line.partition("(")[2].rpartition(") ")
        fields = rest.split()
        return _Entry(Process(pid, int(fields[19])), name, fields[0], int(fields[1]))
    return None
