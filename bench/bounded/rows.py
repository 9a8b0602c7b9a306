"""What the moments of a run come to: memory by role, and pace."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Final

import numpy as np

from bench.bounded.memory import DRIVER, Usage
from bench.output import Column

WINDOWS: Final = 20
"""Of a run, in each of which memory is the median of its moments: a clip more or less isn't growth."""
SETTLED: Final = 0.1
"""Of a run: before that libraries are loaded, and caches and pools filled."""
TENTHS: Final = 10
FLAT: Final = 1.05
"""Times as much as there, at most."""


@dataclass(frozen=True)
class Moment:
    """Of a run."""

    done: int
    """Segments."""
    seconds: float
    """Since explaining began."""
    usage: Usage


@dataclass(frozen=True)
class MemoryRow:
    """A process, or all of a role."""

    run: Annotated[str, Column("encoders")]
    role: Annotated[str, Column("role")]
    processes: Annotated[int, Column("processes")]
    """At the end."""
    settled_mb: Annotated[float, Column("MiB at 10 %", ".1f")]
    end_mb: Annotated[float, Column("at the end", ".1f")]
    most_mb: Annotated[float, Column("most", ".1f")]
    """From 10 % on."""
    growth: Annotated[float, Column("end over 10 %", ".3f")]
    flat: Annotated[bool, Column("within 5 %")]
    """Whether the most is."""


@dataclass(frozen=True)
class TenthRow:
    """A tenth of a run."""

    run: Annotated[str, Column("encoders")]
    done: Annotated[int, Column("segments")]
    """At its end."""
    rate_hz: Annotated[float, Column("segments/s", ".1f")]
    cpu_ms: Annotated[float, Column("CPU ms a segment", ".1f")]


@dataclass(frozen=True)
class PaceRow:
    """A run, in tenths."""

    run: Annotated[str, Column("encoders")]
    segments: Annotated[int, Column("segments")]
    second_hz: Annotated[float, Column("segments/s, 2nd tenth", ".1f")]
    last_hz: Annotated[float, Column("last tenth", ".1f")]
    slowest: Annotated[float, Column("slowest over fastest", ".2f")]
    """Of the second to the last."""
    second_cpu_ms: Annotated[float, Column("CPU ms a segment, 2nd tenth", ".1f")]
    """Of all processes: what else the machine does isn't in it."""
    last_cpu_ms: Annotated[float, Column("last tenth", ".1f")]
    most_cpu: Annotated[float, Column("most over least", ".2f")]


def memory_rows(run: str, moments: Sequence[Moment]) -> Iterator[MemoryRow]:
    """A row for every role that lasts from 10 % of a run to its end, the driver first."""
    total = moments[-1].done
    settled = [moment for moment in moments if moment.done >= SETTLED * total]
    last = settled[-1].usage
    lasting = [role for role in last.mb if role in settled[0].usage.mb]
    for role in sorted(lasting, key=lambda role: (role != DRIVER, role)):
        levels = list(_levels(settled, role, total))
        yield MemoryRow(
            run=run,
            role=role,
            processes=last.processes[role],
            settled_mb=levels[0],
            end_mb=levels[-1],
            most_mb=max(levels),
            growth=levels[-1] / levels[0],
            flat=max(levels) <= FLAT * levels[0],
        )


def tenth_rows(run: str, moments: Sequence[Moment]) -> Iterator[TenthRow]:
    """The tenths of a run, whose first moment was before anything was done."""
    done = [moment.done for moment in moments]
    edges = np.linspace(0, done[-1], TENTHS + 1)
    wall = np.diff(np.interp(edges, done, [moment.seconds for moment in moments])) / np.diff(edges)
    cpu = np.diff(np.interp(edges, done, [moment.usage.cpu_s for moment in moments])) / np.diff(edges)
    for end, wall_s, cpu_s in zip(edges[1:].tolist(), wall.tolist(), cpu.tolist(), strict=True):
        yield TenthRow(run, round(end), 1 / wall_s, 1e3 * cpu_s)


def pace_row(run: str, tenths: Sequence[TenthRow]) -> PaceRow:
    """The pace of a run, without its first tenth."""
    second, *_, last = settled = tenths[1:]
    rates, costs = [row.rate_hz for row in settled], [row.cpu_ms for row in settled]
    return PaceRow(
        run=run,
        segments=last.done,
        second_hz=second.rate_hz,
        last_hz=last.rate_hz,
        slowest=min(rates) / max(rates),
        second_cpu_ms=second.cpu_ms,
        last_cpu_ms=last.cpu_ms,
        most_cpu=max(costs) / min(costs),
    )


def _levels(moments: Sequence[Moment], role: str, total: int) -> Iterator[float]:
    """MiB of a role in each window that has a moment."""
    for window in range(WINDOWS):
        inside = [moment for moment in moments if min(moment.done * WINDOWS // total, WINDOWS - 1) == window]
        found = [moment.usage.mb[role] for moment in inside if role in moment.usage.mb]
        if found:
            yield median(found)
