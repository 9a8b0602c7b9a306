"""Processes of a command, found in /proc: a command's Ray stays in its session, whoever else runs Ray."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
PATIENCE_S: Final = 120
"""With what outlives its command."""
LOOK_S: Final = 0.05


@dataclass(frozen=True)
class Process:
    """One that lives."""

    pid: int
    title: str
    """Ray's workers call themselves by what they do: `ray::Actor.explain`, `ray::decoded`."""

    @property
    def name(self) -> str:
        """The title without arguments and folders."""
        return self.title.split(" ")[0].rpartition("/")[2]


def of_session(session: int) -> list[Process]:
    """Living processes of a session, zombies left out."""
    return [found for path in PROC.glob("[0-9]*") for found in _living(path, session)]


def end(session: int) -> None:
    """End who is left of a session."""
    for process in of_session(session):
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.kill(process.pid, signal.SIGKILL)


def outliving(session: int, patience_s: float) -> tuple[float, tuple[str, ...]]:
    """Wait until nobody of a session is left, or no longer.

    Returns:
        Seconds; names of those that were last.
    """
    began = time.monotonic()
    last: tuple[str, ...] = ()
    while (found := of_session(session)) and time.monotonic() - began < patience_s:
        last = tuple(sorted(process.name for process in found))
        time.sleep(LOOK_S)
    return time.monotonic() - began, last


def _living(path: Path, session: int) -> Iterator[Process]:
    try:
        # After the name, which may hold anything: state, parent, process group, session.
        state, _, _, its_session = (path / "stat").read_text().rpartition(")")[2].split()[:4]
        title = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return  # it ended meanwhile
    if int(its_session) == session and state not in "ZX":
        yield Process(int(path.name), title)
