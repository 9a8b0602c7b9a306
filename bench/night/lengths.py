"""How long the segments of a collection are, by whichever columns a file has."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

Row = Mapping[str, Any]
Count = Callable[[str], int]
"""Token ids of a text, `<s>` and `</s>` not among them."""


@dataclass(frozen=True)
class Length:
    """One segment, before anything is cut."""

    tokens: int
    """`<s>` and `</s>` not among them; 0 without a text."""
    seconds: float
    """As the file has them: 0 or less where its times are wrong."""
    frames: int | None = None
    """None: as many as its seconds hold."""


def read_lengths(path: Path, count: Count) -> list[Length]:
    """The lengths of all segments of a file.

    Args:
        path: `.csv` with a header, or `.jsonl`.
        count: counts the tokens of a text.

    Raises:
        click.ClickException: the file is of another kind, empty, or lacks columns, or a row's value is none; the
            message names the row.
    """
    rows = list(_rows(path))
    if not rows:
        raise click.ClickException(f"{path} lists no segment; give one with a row for each")
    columns = rows[0].keys()
    read = next((read for needed, read in FORMS.items() if columns >= set(needed)), None)
    if read is None:
        sought = "; or ".join(" and ".join(needed) for needed in FORMS)
        raise click.ClickException(f"{path} has the columns {', '.join(columns)}. Sought: {sought}")
    return [_read(read, row, count, f"{path}, segment {number}") for number, row in enumerate(rows, start=1)]


def _rows(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        if path.suffix == ".csv":
            yield from csv.DictReader(file)
        elif path.suffix == ".jsonl":
            yield from (json.loads(line) for line in file if line.strip())
        else:
            raise click.ClickException(f"{path} is neither .csv nor .jsonl; give a file that ends so")


def _read(read: Callable[[Row, Count], Length], row: Row, count: Count, place: str) -> Length:
    try:
        return read(row, count)
    except (KeyError, TypeError, ValueError) as error:
        raise click.ClickException(
            f"{place}: {type(error).__name__}: {error}; mend the row, or leave it out"
        ) from error


def _counted(row: Row, _count: Count) -> Length:
    frames = row.get("frames")
    return Length(int(row["tokens"]), float(row["seconds"]), None if frames in (None, "") else int(frames))


def _of_meld(row: Row, count: Count) -> Length:
    return Length(_tokens(row["Utterance"], count), _clock_s(row["EndTime"]) - _clock_s(row["StartTime"]))


def _of_manifest(row: Row, count: Count) -> Length:
    start_ms = float(row.get("start_ms") or 0)
    return Length(_tokens(row["text"], count), (float(row["end_ms"]) - start_ms) / 1000)


def _tokens(text: str | None, count: Count) -> int:
    return count(text) if text and text.strip() else 0


def _clock_s(time: str) -> float:
    """Seconds of `00:14:38,127`."""
    hours, minutes, seconds = time.replace(",", ".").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


FORMS: Final[Mapping[tuple[str, ...], Callable[[Row, Count], Length]]] = {
    ("tokens", "seconds"): _counted,
    ("Utterance", "StartTime", "EndTime"): _of_meld,
    ("text", "end_ms"): _of_manifest,
}
"""The columns that a file must have, in the order in which they are sought, and what reads them."""
