"""The memory of a run's processes, from Linux's /proc."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DRIVER: Final = "driver"
WORKER: Final = "worker"
DECODERS: Final = "decoders"
RAYLET: Final = "raylet"
STORE: Final = "object store"
GCS: Final = "gcs"
OTHER: Final = "Ray's others"
"""Its agents, its log monitor."""
_PROC: Final = Path("/proc")
_TICKS_HZ: Final = os.sysconf("SC_CLK_TCK")
_BLOCK_BYTES: Final = 512


@dataclass(frozen=True)
class Process:
    """What Linux says of a process."""

    pid: int
    parent: int
    command: str
    private_mb: float
    """Resident, without shared memory: Ray's object store, which every process that has a clip maps."""
    cpu_s: float

    @property
    def role(self) -> str:
        """What it does in a run, if it isn't the driver."""
        program = Path(self.command.split("\0")[0]).name
        if self.command.startswith("ray::"):
            return WORKER if self.command.startswith("ray::Actor") else DECODERS
        return {"raylet": RAYLET, "gcs_server": GCS}.get(program, OTHER)


@dataclass(frozen=True)
class Usage:
    """Of a run, at a moment."""

    mb: Mapping[str, float]
    """MiB by role; workers one by one."""
    processes: Mapping[str, int]
    """By role, too."""
    cpu_s: float
    """That all processes took since they started."""


def measure_usage(driver: int) -> Usage:
    """Look at a process and all that it started, these included that they started.

    Args:
        driver: its id.
    """
    mb: dict[str, float] = defaultdict(float)
    processes: dict[str, int] = defaultdict(int)
    cpu_s, workers = 0.0, 0
    for process in sorted(_tree(driver), key=lambda process: process.pid):
        role = DRIVER if process.pid == driver else process.role
        if role == WORKER:
            workers += 1
            role = f"{WORKER} {workers}"
        if role == RAYLET:
            mb[STORE] += _store_mb(process.pid)
            processes[STORE] += 1
        mb[role] += process.private_mb
        processes[role] += 1
        cpu_s += process.cpu_s
    return Usage(dict(mb), dict(processes), cpu_s)


def _tree(root: int) -> Iterator[Process]:
    """A process and its descendants."""
    children: dict[int, list[Process]] = defaultdict(list)
    for folder in _PROC.glob("[0-9]*"):
        try:
            process = _read(folder)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        children[process.parent].append(process)
        if process.pid == root:
            yield process
    waiting = [root]
    while waiting:
        found = children[waiting.pop()]
        yield from found
        waiting += [process.pid for process in found]


def _read(folder: Path) -> Process:
    lines = (line.partition(":") for line in (folder / "status").read_text().splitlines())
    status = {name: value.strip() for name, _, value in lines}
    resident, shared = (int(status.get(name, "0 kB").split()[0]) for name in ("VmRSS", "RssShmem"))
    # After the name, which may hold anything: the state is the 3rd field, user's and system's ticks the 14th and 15th.
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    return Process(
        pid=int(folder.name),
        parent=int(status["PPid"]),
        command=(folder / "cmdline").read_text(errors="replace"),
        private_mb=(resident - shared) / 1024,
        cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_HZ,
    )


def _store_mb(raylet: int) -> float:
    """What Ray's object store has of memory: the pages of files that have no name any more."""
    found = {}
    for descriptor in (_PROC / str(raylet) / "fd").iterdir():
        try:
            if "plasma" in os.readlink(descriptor):  # noqa: PTH115  # there is no such path
                state = descriptor.stat()
                found[state.st_ino] = state.st_blocks * _BLOCK_BYTES
        except FileNotFoundError:
            continue  # closed meanwhile
    return sum(found.values()) / 2**20
