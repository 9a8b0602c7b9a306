"""A result as a table on the terminal: what was seen, and what carried it."""

from collections.abc import Iterable
from typing import Any

from rich.markup import escape
from rich.table import Table

from batcher.outcome import EXPLAINED
from batcher.store.result import Result
from media.modality import MODALITIES

Row = dict[str, Any]


def result_table(result: Result, *, most: int = 50) -> Table:
    """One line per segment: label, probability, shares, and each modality's strongest player.

    Args:
        result: an open result.
        most: lines shown; the caption says how many there are.

    Returns:
        A table for rich's console.
    """
    segments = sorted(result.table("segments").to_pylist(), key=lambda row: str(row["segment_id"]))
    contributions = {(row["segment_id"], row["label"]): row for row in result.table("contributions").to_pylist()}
    strongest = _strongest(result.table("attributions").to_pylist())
    table = Table(title=_title(result), caption=_caption(segments, most), caption_style="dim")
    for name in ("segment", "label", "p", "T / A / V %", "strongest word", "half-second", "of the picture"):
        table.add_column(name, overflow="fold")
    for row in segments[:most]:
        if row["status"] != EXPLAINED:
            table.add_row(escape(row["segment_id"]), "[red]failed[/red]", "", "", escape(row["error"]))
            continue
        key = (row["segment_id"], row["label_predicted"])
        players = [escape(describe(strongest[(*key, m)])) if (*key, m) in strongest else "-" for m in MODALITIES]
        seen = [row["segment_id"], row["label_predicted"], f"{row['probability']:.3f}", _shares(contributions[key])]
        table.add_row(*map(escape, seen), *players)
    return table


def describe(player: Row) -> str:
    """One player of `attributions/` in a few words, with its value."""
    parts = []
    if player["token"] is not None:
        parts.append(repr(player["token"]))
    if player["modality"] == "audio" or player["frame_group"] is not None:
        parts.append(f"{player['start_ms'] / 1000:.2f}-{player['end_ms'] / 1000:.2f} s")
    if player["row"] is not None:
        parts.append(f"row {player['row']}, column {player['column']}")
    return f"{', '.join(parts)} {player['phi']:+.4f}"


def _strongest(attributions: Iterable[Row]) -> dict[tuple[str, str, str], Row]:
    """Of each segment, class and modality the player with the largest value."""
    found: dict[tuple[str, str, str], Row] = {}
    for row in attributions:
        key = (row["segment_id"], row["label"], row["modality"])
        if key not in found or row["phi"] > found[key]["phi"]:
            found[key] = row
    return found


def _shares(contribution: Row) -> str:
    shares = [contribution[f"share_{m}_plain"] for m in MODALITIES]
    return " / ".join("-" if share is None else f"{100 * share:.0f}" for share in shares)


def _title(result: Result) -> str:
    folder = escape(str(result.folder))
    if result.run["trained"]:
        return folder
    return f"{folder}\n[bold red]untrained model: random weights, these explanations mean nothing[/bold red]"


def _caption(segments: list[Row], most: int) -> str:
    if len(segments) <= most:
        return f"{len(segments)} segments"
    return f"the first {most} of {len(segments)} segments"
