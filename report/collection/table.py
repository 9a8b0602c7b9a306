"""What a collection's explanations say together, as a table on the terminal."""

from typing import Final

from rich.markup import escape
from rich.table import Table

from media.modality import MODALITIES
from report.collection.summary import CollectionSummary, GroupKind, GroupShares, Mean

KINDS: Final[dict[GroupKind, str]] = {
    "all": "",
    "label": "seen as",
    "label_true": "truly",
    "correct": "the model is",
    "strongest": "led by",
    "programme": "programme",
    "time": "from",
}
"""What stands before a group's name."""
MOST: Final = 10
"""Groups of a kind."""


def collection_table(summary: CollectionSummary) -> Table:
    """Shares of every group in percent, each with its interval."""
    caption = "\n".join(f"[bold red]{escape(warning)}[/bold red]" for warning in summary.warnings)
    title = f"{summary.explained:,} segments explained of {summary.segments:,}"
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    for name in ("", "segments", "T-SHAP %", "A-SHAP %", "V-SHAP %"):
        table.add_column(name, justify="left" if not name else "right", overflow="fold")
    for kind in KINDS:
        for group in _most(summary, kind):
            name = escape(f"{KINDS[kind]} {group.name}".strip())
            table.add_row(name, f"{group.segments:,}", *(percent(group.shares.get(m)) for m in MODALITIES))
    return table


def _most(summary: CollectionSummary, kind: GroupKind) -> list[GroupShares]:
    return [group for group in summary.groups if group.kind == kind][:MOST]


def percent(mean: Mean | None) -> str:
    """A share in percent, with its interval where it has one."""
    if mean is None:
        return "-"
    if mean.low is None or mean.high is None:
        return f"{100 * mean.mean:.0f}"
    return f"{100 * mean.mean:.0f} ({100 * mean.low:.0f} to {100 * mean.high:.0f})"
