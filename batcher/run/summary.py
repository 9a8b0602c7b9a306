"""What a result holds, in a few lines: how many segments are explained, and why the others aren't."""

import re
from collections import Counter
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from batcher.outcome import EXPLAINED
from batcher.run.events import Finished
from batcher.store.ledger import read_ledger
from batcher.store.result import load_result

MOST_REASONS: Final = 20
"""Of failure."""


def summarise(out: Path, total: int, others: AbstractSet[str]) -> Finished:
    """Count what a result folder holds of the selected segments, all of which are done.

    Args:
        out: the folder.
        total: how many were selected.
        others: ids of failures that weren't.
    """
    rows = read_ledger(out)
    failed = rows.filter(pc.not_equal(rows["status"], EXPLAINED)).to_pylist()
    failed = [row for row in failed if row["segment_id"] not in others]
    first: dict[str, str] = {}
    for row in failed:
        first.setdefault(_reason(row), row["segment_id"])
    counts = Counter(map(_reason, failed)).most_common(MOST_REASONS)
    return Finished(
        segments=total,
        explained=total - len(failed),
        failures=tuple((reason, count, first[reason]) for reason, count in counts),
        trained=load_result(out).run["trained"],
    )


def _reason(row: dict[str, str]) -> str:
    """Why a segment failed, without what is its own: quoted names and numbers."""
    return re.sub(r"\d+(\.\d+)?", "#", re.sub(r"'[^']*'", "'...'", f"{row['error_stage']}: {row['error']}"))
