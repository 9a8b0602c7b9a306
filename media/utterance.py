"""What was said: words with their times, and utterances of them."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Word:
    """One spoken word, in the media file's time."""

    word: str
    start_ms: float
    end_ms: float
    probability: float | None = None
    """How sure speech recognition is of it, 0 to 1; None where nobody says."""


@dataclass(frozen=True)
class Utterance:
    """A stretch of speech: a cue of a transcript, or what speech recognition heard; in the media file's time."""

    start_ms: float
    end_ms: float
    text: str
    words: tuple[Word, ...] = ()
    """In their order; empty where only the whole has times."""


def words_json(words: Iterable[Word]) -> str:
    """Words as a manifest's column `words` holds them: a JSON list of objects, without what is unknown."""
    known = [{name: value for name, value in asdict(word).items() if value is not None} for word in words]
    return json.dumps(known, ensure_ascii=False)
