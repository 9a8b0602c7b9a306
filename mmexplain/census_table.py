"""The splits of a training as a table."""

from collections.abc import Mapping

from rich.markup import escape
from rich.table import Table

from batcher.collection.census import Census


def census_table(splits: Mapping[str, Census]) -> Table:
    """Labels down, splits across: segments, and their share of the split."""
    table = Table()
    table.add_column("label")
    for name in splits:
        table.add_column(escape(name), justify="right")
    for label in dict.fromkeys(label for census in splits.values() for label in census.labels):
        counts = [(census.labels.get(label, 0), census.segments) for census in splits.values()]
        table.add_row(escape(label or "none"), *(f"{count:,} ({count / total:.0%})" for count, total in counts))
    table.add_row("all", *(f"{census.segments:,}" for census in splits.values()), style="bold")
    return table
