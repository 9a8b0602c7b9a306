"""`whisper-transcript.json`: {carrierId, segments[{start, end, text, words[{text, start, end, confidence}]}]}.

Times are seconds. Of words, Whisper's own names are read as well: word, probability.
"""

from pathlib import Path
from typing import Any

from media.errors import MediaError
from media.transcripts.entries import entries_of, json_of, number_of, text_in
from media.transcripts.transcript import Transcript, by_start
from media.utterance import Utterance, Word


def read_whisper(path: Path) -> Transcript:
    """Read what the archive's Whisper worker writes.

    Raises:
        MediaError: it isn't of this form; the message names the segment, counted from 1, and the word.
    """
    found = json_of(path)
    if not isinstance(found, dict) or "segments" not in found:
        raise MediaError(f"'{path}' holds no segments. Give an object with a list `segments`.")
    entries = entries_of(found["segments"], f"'{path}', segments")
    utterances = [_utterance(entry, f"'{path}', segment {number},") for number, entry in enumerate(entries, 1)]
    return Transcript(
        by_start([utterance for utterance in utterances if utterance.text]),
        text_in(found, "carrierId", f"'{path}'") or None,
        text_in(found, "language", f"'{path}'") or None,
    )


def _utterance(entry: dict[str, Any], place: str) -> Utterance:
    words = [
        _word(word, f"{place} word {number},")
        for number, word in enumerate(entries_of(entry.get("words"), f"{place} words"), 1)
    ]
    return Utterance(
        _ms(entry, "start", place),
        _ms(entry, "end", place),
        text_in(entry, "text", place),
        tuple(word for word in words if word.word),
    )


def _word(entry: dict[str, Any], place: str) -> Word:
    sure = next((name for name in ("confidence", "probability") if entry.get(name) is not None), None)
    return Word(
        text_in(entry, "text" if "text" in entry else "word", place),
        _ms(entry, "start", place),
        _ms(entry, "end", place),
        None if sure is None else number_of(entry, sure, place, "0 to 1"),
    )


def _ms(entry: dict[str, Any], name: str, place: str) -> float:
    """Seconds as ms, without the digits that multiplying adds."""
    return round(1000 * number_of(entry, name, place, "seconds"), 3)
