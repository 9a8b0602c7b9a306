"""What a result holds, in a few lines: how many segments are explained, and why the others aren't."""

import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Final

from batcher.outcome import EXPLAINED
from batcher.run.events import Finished
from batcher.store.result import load_result

MOST_REASONS: Final = 20
"""Of failure."""


def summarise(out: Path, selected: Collection[str]) -> Finished:
    """Count what a result folder holds of the selected segments."""
    result = load_result(out)
    segments = result.table("segments", ["segment_id", "status", "error_stage", "error"]).to_pylist()
    failed = [row for row in segments if row["status"] != EXPLAINED and row["segment_id"] in selected]
    first: dict[str, str] = {}
    for row in failed:
        first.setdefault(_reason(row), row["segment_id"])
    counts = Counter(map(_reason, failed)).most_common(MOST_REASONS)
    return Finished(
        segments=len(selected),
        explained=len(selected) - len(failed),
        failures=tuple((reason, count, first[reason]) for reason, count in counts),
        trained=result.run["trained"],
    )


def _reason(row: dict[str, str]) -> str:
    """Why a segment failed, without what is its own: quoted names and numbers."""
    return re.sub(r"\d+(\.\d+)?", "#", re.sub(r"'[^']*'", "'...'", f"{row['error_stage']}: {row['error']}"))
