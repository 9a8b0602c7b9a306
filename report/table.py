"""A result as a table on the terminal: what was seen, and what carried it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.markup import escape
from rich.table import Table

from batcher.outcome import EXPLAINED
from batcher.store.result import Result
from media.modality import MODALITIES, Modality
from report.planted import Finding, find_planted, strongest
from sseft.heads import HeadKind

FOUND: Final = "[green]✓[/green]"
MISSED: Final = "[red]✗[/red]"

VALUES: Final[Mapping[HeadKind, tuple[str, str]]] = {
    "softmax": ("p", ".3f"),
    "score": ("score", "+.3f"),
    "binary": ("P(yes)", ".3f"),
}
"""What the column of the label's value is called, and how a value is written."""

Row = dict[str, Any]
Key = tuple[str, str, Modality]
"""Segment, class and modality."""


def result_table(result: Result, *, most: int = 50) -> Table:
    """One line per segment: label, its value, shares with the widest interval, and each modality's strongest player.

    The strongest is the one that raises the label's probability most, or moves the score most, whichever way. Where
    a trigger is planted in the modality, a mark says whether that player touches it.

    Args:
        result: an open result.
        most: lines shown; the caption says how many there are.

    Returns:
        A table for rich's console.

    Raises:
        CorpusError: a segment's column `trigger` isn't what `mmexplain corpus` writes.
    """
    segments = sorted(result.table("segments").to_pylist(), key=lambda row: str(row["segment_id"]))
    contributions = {(row["segment_id"], row["label"]): row for row in result.table("contributions").to_pylist()}
    players = _strongest(result.table("attributions").to_pylist(), result.head)
    findings = find_planted(result)
    marks = {(f.segment_id, f.label, f.modality): FOUND if f.hit else MISSED for f in findings}
    caption = "\n".join([_count(segments, most), *_legend(findings)])
    table = Table(title=_title(result), caption=caption, caption_style="dim")
    value, form = VALUES[result.head]
    for name in ("segment", "label", value, "T / A / V %", *_headings(result.run["config"])):
        table.add_column(name, overflow="fold")
    for row in segments[:most]:
        if row["status"] != EXPLAINED:
            table.add_row(escape(row["segment_id"]), "[red]failed[/red]", "", "", escape(row["error"]))
            continue
        key = (row["segment_id"], row["label_predicted"])
        cells = [_player((*key, m), players, marks) for m in MODALITIES]
        seen = [row["segment_id"], row["label_predicted"], f"{row['probability']:{form}}", _shares(contributions[key])]
        table.add_row(*map(escape, seen), *cells)
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


def _strongest(attributions: Iterable[Row], head: HeadKind) -> dict[Key, Row | None]:
    """The strongest player; None where no player speaks for the label."""
    players: dict[Key, list[Row]] = defaultdict(list)
    for row in attributions:
        players[row["segment_id"], row["label"], row["modality"]].append(row)
    return {key: strongest(rows, head) for key, rows in players.items()}


def _player(key: Key, players: Mapping[Key, Row | None], marks: Mapping[Key, str]) -> str:
    """A cell: the strongest player and its mark, a dash where the modality is absent."""
    if key not in players:
        return "-"
    player = players[key]
    return f"{escape(describe(player)) if player else 'none positive'} {marks.get(key, '')}".rstrip()


def _shares(contribution: Row) -> str:
    """Shares in percent, and half the width of the widest interval; plain ones where there are no intervals."""
    widths = [
        contribution[f"share_{m}_high"] - contribution[f"share_{m}_low"]
        for m in MODALITIES
        if contribution[f"share_{m}_low"] is not None
    ]
    kind = "" if widths else "_plain"
    shares = [contribution[f"share_{m}{kind}"] for m in MODALITIES]
    shown = " / ".join("-" if share is None else f"{100 * share:.0f}" for share in shares)
    return f"{shown} ±{50 * max(widths):.1f}" if widths else shown


def _headings(config: Mapping[str, Any]) -> tuple[str, str, str]:
    """What the columns of the strongest players hold: where words are players of sound, half-seconds may be too."""
    text = "strongest words" if str(config.get("text_players")).endswith("grams") else "strongest word"
    return text, "half-second" if config.get("audio_players") is None else "of the sound", "of the picture"


def _title(result: Result) -> str:
    folder = escape(str(result.folder))
    if result.run["trained"]:
        return folder
    return f"{folder}\n[bold red]untrained model: random weights, these explanations mean nothing[/bold red]"


def _count(segments: Sequence[Row], most: int) -> str:
    if len(segments) <= most:
        return f"{len(segments)} segments"
    return f"the first {most} of {len(segments)} segments"


def _legend(findings: Sequence[Finding]) -> list[str]:
    """What the marks mean and how many there are, of all segments; nothing where nothing is planted."""
    if not findings:
        return []
    hits = {m: [finding.hit for finding in findings if finding.modality == m] for m in MODALITIES}
    counts = ", ".join(f"{m} {sum(of)} of {len(of)}" for m, of in hits.items() if of)
    return [
        f"{FOUND} the strongest player touches what carries the emotion, {MISSED} it doesn't",
        f"planted trigger found: {counts}",
    ]
