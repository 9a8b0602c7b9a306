"""A row of a manifest as a segment."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from batcher.collection.segment import KNOWN, CollectionError, Segment
from media.utterance import Word, words_json

Row = Mapping[str, Any]
_PLAIN: Final = (
    "segment_id",
    "media",
    "start_ms",
    "end_ms",
    "text",
    "language",
    "label",
    "program_id",
    "carrier_id",
)


def segment_of(row: Row, folder: Path, place: str) -> Segment:
    """Read a row.

    Args:
        row: values by column; empty ones count as missing.
        folder: that relative paths of media begin at.
        place: where the row stands, for errors.

    Raises:
        CollectionError: it lacks its segment_id or media, or holds a value of the wrong kind.
    """
    row = {name: value for name, value in row.items() if value not in (None, "")}
    _check_text(row, place)
    for name in ("segment_id", "media"):
        if name not in row:
            raise CollectionError(f"{place} has no {name}; every segment needs one")
    media = str(row["media"])
    return Segment(
        segment_id=str(row["segment_id"]),
        media=media,
        path=folder / media,
        start_ms=_number(row, "start_ms", place) or 0.0,
        end_ms=_number(row, "end_ms", place),
        text=_optional(row, "text"),
        words=_words(row, place),
        token_ids=_token_ids(row, place),
        language=_optional(row, "language"),
        label=_optional(row, "label"),
        program_id=_optional(row, "program_id"),
        carrier_id=_optional(row, "carrier_id"),
        extra={name: _plain(value) for name, value in row.items() if name not in KNOWN},
    )


def _check_text(row: Row, place: str) -> None:
    """Refuse half an emoji: JSON can hold one half of a surrogate pair, UTF-8 and Parquet can't."""
    for name, value in row.items():
        try:
            str(value).encode()
        except UnicodeEncodeError as error:
            raise CollectionError(f"{place} has half a character in {name} ({error}); mend the text") from error


def _optional(row: Row, name: str) -> str | None:
    return str(row[name]) if name in row else None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _number(row: Row, name: str, place: str) -> float | None:
    if name not in row:
        return None
    try:
        return float(row[name])
    except (TypeError, ValueError) as error:
        raise CollectionError(f"{place} has {name} {row[name]!r}; give milliseconds as a number") from error


def _words(row: Row, place: str) -> tuple[Word, ...]:
    """A list of objects with word, start_ms, end_ms and perhaps probability, or the JSON of one."""
    if "words" not in row:
        return ()
    try:
        words = json.loads(row["words"]) if isinstance(row["words"], str) else row["words"]
        return tuple(_word(word) for word in words)
    except (KeyError, TypeError, ValueError) as error:
        raise CollectionError(
            f"{place} has words that can't be read ({type(error).__name__}: {error}); give a list of objects with "
            "word, start_ms and end_ms, in ms of the media file"
        ) from error


def _word(word: Row) -> Word:
    span = str(word["word"]), float(word["start_ms"]), float(word["end_ms"])
    probability = word.get("probability")
    return Word(*span, None if probability is None else float(probability))


def row_of(segment: Segment) -> dict[str, Any]:
    """The row of a manifest that says this segment: what `segment_of` reads; values are strings, numbers or None."""
    columns = {name: getattr(segment, name) for name in (*_PLAIN, "token_ids")}
    words = words_json(segment.words) if segment.words else None
    return {**columns, "words": words, **segment.extra}


def _token_ids(row: Row, place: str) -> tuple[int, ...] | None:
    """A list, or a string of ids between spaces or tabs, as the original's data sets have them."""
    if "token_ids" not in row:
        return None
    ids = row["token_ids"]
    try:
        return tuple(int(token) for token in (ids.split() if isinstance(ids, str) else ids))
    except (TypeError, ValueError) as error:
        raise CollectionError(f"{place} has token_ids {ids!r}; give whole numbers") from error
