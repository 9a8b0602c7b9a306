"""What the rows of a unit add up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from batcher.outcome import EXPLAINED
from batcher.store.rows import Row
from batcher.store.schema import TIMINGS

SECONDS: Final = "_s"
"""What the names of columns of seconds in `timings/` end in."""
STAGES: Final = tuple(name.removesuffix(SECONDS) for name in TIMINGS.names if name.endswith(SECONDS))
"""Of a segment, in their order."""


@dataclass(frozen=True)
class Totals:
    """Sums over the segments of a unit, explained or not."""

    explained: int
    """Segments."""
    coalitions: int
    """Whose values were evaluated (`grid_points`)."""
    seconds: Mapping[str, float]
    """By stage; stages at once, in processes side by side, all count."""


def totals_of(segments: Sequence[Row], timings: Sequence[Row]) -> Totals:
    """Add up a unit's rows.

    Args:
        segments: its rows of `segments/`; those of failures have no `grid_points`.
        timings: its rows of `timings/`; stages that a segment didn't reach are missing, or None.
    """
    return Totals(
        explained=sum(row["status"] == EXPLAINED for row in segments),
        coalitions=sum(row.get("grid_points") or 0 for row in segments),
        seconds={stage: sum(row.get(f"{stage}{SECONDS}") or 0.0 for row in timings) for stage in STAGES},
    )
