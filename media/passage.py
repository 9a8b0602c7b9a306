"""What speech recognition says it heard, and how far to believe it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from media.segmentation import group_words
from media.utterance import Utterance, Word

DOUBTFUL_LOGPROB: Final = -1.0
"""Below it Whisper itself takes its decoding for failed. Clear speech has -0.2 to -0.7."""
DOUBTFUL_NO_SPEECH: Final = 0.5
"""Above it silence is likelier than speech. Alone it says little: Whisper gives 0.6 to quiet speakers."""
DOUBTFUL_WORDS: Final = 0.3
"""Mean probability of the words, below which most are guesses. Heard words have 0.5 to 1, those in music 0.01."""
DOUBTS: Final = 2
"""So many of the three together, and nobody spoke: each alone also befalls mumbled or foreign words."""
LOOP: Final = 2.4
"""How far text can be compressed that Whisper takes for a loop (`ja ja ja ja`); its own limit, and speech has 1.5."""
SHORTEST_MS: Final = 100.0
"""Shorter than any spoken word: the aligner found no place for it."""


@dataclass(frozen=True, kw_only=True)
class HeardWord(Word):
    """A word in the media file's time, with the figures of the passage in which it was decoded."""

    spaced: bool
    """Whether a space stands before it; `-known` of `well-known` has none."""
    language: str
    logprob: float
    no_speech: float


@dataclass(frozen=True)
class Passage:
    """What a recogniser decoded together: a sentence or so."""

    words: tuple[HeardWord, ...]
    logprob: float
    """Mean natural logarithm of its tokens' probabilities."""
    no_speech: float
    """Probability that nobody speaks, 0 to 1."""
    compression: float
    """Bytes of the text heard together with it over those of it compressed."""
    start_ms: float
    """In the media file's time."""
    end_ms: float


@dataclass
class Dropped:
    """What was left out of a file: passages that are no speech, voices without words and words without length."""

    passages: int = 0
    seconds: float = 0.0

    def add(self, start_ms: float, end_ms: float) -> None:
        """Count one more."""
        self.passages += 1
        self.seconds += (end_ms - start_ms) / 1000


@dataclass(frozen=True)
class HeardUtterance:
    """An utterance, in the worst light of the passages that it comes from."""

    utterance: Utterance
    language: str | None
    """None where nobody says."""
    logprob: float | None
    """Lowest of its passages; None where it was read from a transcript."""
    no_speech: float | None
    """Highest of its passages; None as above."""


def is_speech(passage: Passage) -> bool:
    """Whether somebody said it. Whisper makes words of music and noise, too, and some of them again and again."""
    if not passage.words or passage.compression > LOOP:
        return False
    words = fmean(1.0 if word.probability is None else word.probability for word in passage.words)
    doubts = (
        passage.logprob < DOUBTFUL_LOGPROB,
        passage.no_speech > DOUBTFUL_NO_SPEECH,
        words < DOUBTFUL_WORDS,
    )
    return sum(doubts) < DOUBTS


def utterances_of(words: Iterable[HeardWord], dropped: Dropped | None = None) -> Iterator[HeardUtterance]:
    """Utterances of a stream of words; those of no length are left out, and counted in `dropped`."""
    dropped = dropped or Dropped()
    for group in group_words(words):
        utterance = _utterance(group)
        if utterance.end_ms - utterance.start_ms >= SHORTEST_MS:
            yield HeardUtterance(
                utterance,
                group[0].language,
                min(word.logprob for word in group),
                max(word.no_speech for word in group),
            )
        else:
            dropped.add(utterance.start_ms, utterance.end_ms)


def _utterance(group: Sequence[HeardWord]) -> Utterance:
    text = "".join(f" {word.word}" if word.spaced else word.word for word in group).strip()
    words = tuple(Word(word.word, word.start_ms, word.end_ms, word.probability) for word in group)
    return Utterance(group[0].start_ms, max(word.end_ms for word in group), text, words)
