"""Entries of a transcript that is JSON, and the values in them."""

import json
import math
from pathlib import Path
from typing import Any

from media.errors import MediaError
from media.transcripts.text import text_of


def json_of(path: Path) -> Any:
    """What a file of JSON holds.

    Raises:
        MediaError: it is no JSON; the message says where it ends to be.
    """
    try:
        return json.loads(text_of(path))
    except (ValueError, RecursionError) as error:
        raise MediaError(f"'{path}' isn't JSON: {error}. Write the transcript again.") from error


def entries_of(found: Any, place: str) -> list[dict[str, Any]]:
    """A list of objects.

    Args:
        found: what stands there; None is no entry at all.
        place: file and name, for errors.

    Raises:
        MediaError: it is none; the message counts from 1.
    """
    if found is None:
        return []
    if not isinstance(found, list):
        raise MediaError(f"{place} is {_shown(found)}. Give a list of objects.")
    for number, entry in enumerate(found, 1):
        if not isinstance(entry, dict):
            raise MediaError(f"{place}, entry {number}, is {_shown(entry)}. Give an object.")
    return found


def number_of(entry: dict[str, Any], name: str, place: str, unit: str) -> float:
    """A time, or another number.

    Raises:
        MediaError: it is missing, or no finite number.
    """
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise MediaError(f"{place} has {name} {_shown(value)}. Give {unit} as a number.")
    return float(value)


def text_in(entry: dict[str, Any], name: str, place: str) -> str:
    """A text without white space at its ends; empty where there is none.

    Raises:
        MediaError: it is something else, or holds half a character.
    """
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise MediaError(f"{place} has {name} {_shown(value)}. Give a text.")
    try:
        (value or "").encode()
    except UnicodeEncodeError as error:  # JSON can hold half an emoji, UTF-8 and Parquet can't
        raise MediaError(f"{place} has half a character in {name} ({error}). Mend the text.") from error
    return " ".join((value or "").split())


def _shown(value: Any) -> str:
    return f"{value!r:.80}"
