"""What became of annotated triggers, as a table on the terminal."""

from typing import Final

from rich.markup import escape
from rich.table import Table

from report.triggers import TriggersFound

MOST: Final = 10
"""Segments left out that are named."""


def triggers_table(found: TriggersFound) -> Table:
    """One line for each modality: hits and average precision, each beside chance."""
    named = list(found.left_out.items())
    lines = [f"left out: {escape(name)}: {escape(reason)}" for name, reason in named[:MOST]]
    lines += [f"and {len(named) - MOST} others"] if len(named) > MOST else []
    table = Table(title="what people saw, and what the explanation points at", caption="\n".join(lines))
    for heading in ("modality", "segments", "strongest hits", "chance", "avg precision", "chance"):
        table.add_column(heading, justify="left" if heading == "modality" else "right", no_wrap=True)
    for one in found.pointing:
        hits, precision = (f"{mean:.2f} ({low:.2f} to {high:.2f})" for mean, low, high in (one.hits, one.precision))
        chances = f"{one.chance_of_hits:.2f}", f"{one.chance_of_precision:.2f}"
        table.add_row(one.modality, f"{one.segments:,}", hits, chances[0], precision, chances[1])
    return table
