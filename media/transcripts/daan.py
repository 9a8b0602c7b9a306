"""`daan-es-transcript.json`, what the archive's index is fed: [{words, wordTimes, start, sequenceNr, carrierId}].

Its units are mixed. `wordTimes` are whole ms, always; `start` is seconds as the Whisper worker writes it and ms, of
whole seconds, as the Kaldi worker did. Nothing says when a word or an entry ends.
"""

from pathlib import Path
from typing import Any, Final

from media.errors import MediaError
from media.transcripts.entries import entries_of, json_of, number_of, text_in
from media.transcripts.transcript import Transcript, by_start
from media.utterance import Utterance, Word

LAST_WORD_MS: Final = 1000.0
"""How long an entry's last word lasts, at most: until the next entry begins there may be minutes of music."""


def read_daan(path: Path) -> Transcript:
    """Read an index's transcript.

    A word ends where the next one begins. An entry whose times aren't one for each word has no words, only a text.

    Raises:
        MediaError: it isn't of this form; the message names the entry, counted from 1.
    """
    entries = entries_of(json_of(path), f"'{path}'")
    places = [f"'{path}', entry {number}," for number in range(1, len(entries) + 1)]
    texts = [text_in(entry, "words", place) for entry, place in zip(entries, places, strict=True)]
    times = [_times_ms(entry, place) for entry, place in zip(entries, places, strict=True)]
    starts = _starts_ms(entries, times, places)
    ends = _ends_ms(starts, times)
    utterances = [
        Utterance(start, end, text, _words(text, known, end))
        for start, end, text, known in zip(starts, ends, texts, times, strict=True)
        if text
    ]
    carriers = [text_in(entry, "carrierId", place) for entry, place in zip(entries, places, strict=True)]
    return Transcript(by_start(utterances), next(filter(None, carriers), None))


def _times_ms(entry: dict[str, Any], place: str) -> list[float]:
    times = entry.get("wordTimes") or []
    if not isinstance(times, list):
        raise MediaError(f"{place} has wordTimes {times!r:.80}. Give a list of ms.")
    return [number_of({"wordTimes": time}, "wordTimes", place, "ms") for time in times]


def _starts_ms(entries: list[dict[str, Any]], times: list[list[float]], places: list[str]) -> list[float]:
    """Of the first word; of entries without times their own `start`, in the unit that suits those with times."""
    starts = [number_of(entry, "start", place, "seconds") for entry, place in zip(entries, places, strict=True)]
    timed = [(start, known[0]) for start, known in zip(starts, times, strict=True) if known]
    in_ms = sum(abs(start - first) for start, first in timed) < sum(abs(1000 * start - first) for start, first in timed)
    unit = 1.0 if in_ms else 1000.0
    return [known[0] if known else round(unit * start, 3) for start, known in zip(starts, times, strict=True)]


def _ends_ms(starts: list[float], times: list[list[float]]) -> list[float]:
    """A second after the last word that is known begins, or where the next entry does."""
    lasts = [known[-1] if known else start for start, known in zip(starts, times, strict=True)]
    nexts = [*starts[1:], float("inf")]
    return [
        min(last + LAST_WORD_MS, following) if following > last else last + LAST_WORD_MS
        for last, following in zip(lasts, nexts, strict=True)
    ]


def _words(text: str, times: list[float], end_ms: float) -> tuple[Word, ...]:
    words = text.split()
    if len(words) != len(times):
        return ()
    return tuple(Word(*span) for span in zip(words, times, [*times[1:], end_ms], strict=True))
