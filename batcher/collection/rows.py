"""A row of a manifest as a segment."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from batcher.collection.bad_row import RowError
from batcher.collection.segment import KNOWN, Segment
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


def segment_of(row: Row, path_of: Callable[[str], Path]) -> Segment:
    """Read a row.

    Args:
        row: values by column; those that are empty are left out.
        path_of: the file of a media name.

    Raises:
        RowError: it lacks its segment_id or media, or holds a value of the wrong kind.
    """
    media = _needed(row, "media")
    if "\0" in media:
        raise RowError(f"has media {media!r}, which holds a NUL; no file's name can")
    return Segment(
        segment_id=_needed(row, "segment_id"),
        media=media,
        path=path_of(media),
        start_ms=_number(row, "start_ms") or 0.0,
        end_ms=_number(row, "end_ms") if "end_ms" in row else None,
        text=_optional(row, "text") if "text" in row else None,
        words=_words(row) if "words" in row else (),
        token_ids=_token_ids(row) if "token_ids" in row else None,
        language=_optional(row, "language") if "language" in row else None,
        label=_optional(row, "label") if "label" in row else None,
        program_id=_optional(row, "program_id") if "program_id" in row else None,
        carrier_id=_optional(row, "carrier_id") if "carrier_id" in row else None,
        extra={} if row.keys() <= KNOWN else {name: _plain(v) for name, v in row.items() if name not in KNOWN},
    )


def _needed(row: Row, name: str) -> str:
    value = _optional(row, name)
    if not value:
        raise RowError(f"has no {name}; every segment needs one")
    return value


def _optional(row: Row, name: str) -> str | None:
    value = row.get(name)
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool | list | dict):
        raise RowError(f"has {name} {value!r:.80}; give a text")
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise RowError(f"has {name} {value!r:.80}, which isn't UTF-8; give a text") from error


def _plain(value: Any) -> str:
    """A value of a column that means nothing here: JSON, or itself where it is a text or has no form in JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return b64encode(value).decode()
    if isinstance(value, bool | int | float | list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(value)


def _number(row: Row, name: str) -> float | None:
    """A number, also one that is no time: the decoder refuses that, as its segment's error."""
    if name not in row:
        return None
    value = row[name]
    try:
        return float(str(value) if isinstance(value, bool) else value)  # true is no time
    except (TypeError, ValueError, OverflowError) as error:
        raise RowError(f"has {name} {value!r:.80}; give milliseconds as a number") from error


def _words(row: Row) -> tuple[Word, ...]:
    """A list of objects with word, start_ms, end_ms and perhaps probability, or the JSON of one."""
    try:
        words = json.loads(row["words"]) if isinstance(row["words"], str) else row["words"]
        return tuple(_word(word) for word in words)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise RowError(
            f"has words that can't be read ({type(error).__name__}: {error}); give a list of objects with "
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


def _token_ids(row: Row) -> tuple[int, ...]:
    """A list, or a string of ids between spaces or tabs, as the original's data sets have them."""
    ids = row["token_ids"]
    try:
        return tuple(map(_token_id, ids.split() if isinstance(ids, str) else ids))
    except (TypeError, ValueError, OverflowError) as error:
        raise RowError(f"has token_ids {ids!r:.80}; give whole numbers") from error


def _token_id(token: Any) -> int:
    number = int(token)
    if isinstance(token, bool) or (isinstance(token, float) and token != number):
        raise ValueError(token)
    return number
