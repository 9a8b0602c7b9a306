"""The machine that a bench ran on: a figure without it means nothing."""

import os
import platform
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import onnxruntime

CPUINFO: Final = Path("/proc/cpuinfo")
GIB: Final = 1 << 30
MAXRSS_BYTES: Final = 1 if sys.platform == "darwin" else 1024
"""The unit of `ru_maxrss`."""


@dataclass(frozen=True)
class Machine:
    """Hardware and the two versions that matter most for speed."""

    cpu: str
    cores: int
    """That this process may use."""
    ram_gib: float
    python: str
    onnxruntime: str

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, {self.ram_gib:.0f} GiB RAM, "
            f"Python {self.python}, onnxruntime {self.onnxruntime}"
        )


def this_machine() -> Machine:
    """The machine that this process runs on."""
    return Machine(
        cpu=_cpu(),
        cores=cores(),
        ram_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB,
        python=platform.python_version(),
        onnxruntime=onnxruntime.__version__,
    )


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_bytes() -> int:
    """Most memory of this process that was resident at a time, mapped files included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES


def _cpu() -> str:
    lines = CPUINFO.read_text().splitlines() if CPUINFO.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
