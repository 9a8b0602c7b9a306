"""Stretches of speech: what a recogniser is given at a time, so that what it hears depends on nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from media.sound_stream import RATE_HZ

WINDOW_S: Final = 30.0
"""What Whisper hears at a time."""
SILENCE_S: Final = 1.5
"""A longer silence ends a stretch; shorter ones stay in it, as the words around them help to hear each other."""
SURE: Final = 0.5
"""Probability from which a detected language is believed. Clear spans of 2 s and more have 0.6 to 0.97; of wrong ones
none was seen above 0.49."""


@dataclass(frozen=True)
class Voice:
    """Where somebody speaks without a longer pause: samples of a wave, the end exclusive."""

    start: int
    end: int


@dataclass(frozen=True)
class Stretch:
    """Voices that are heard together, in one language."""

    voices: tuple[Voice, ...]
    language: str

    @property
    def start(self) -> int:
        """Its first sample."""
        return self.voices[0].start

    @property
    def end(self) -> int:
        """Sample at which it ends, exclusive."""
        return self.voices[-1].end


def settled(guesses: Sequence[tuple[str, float]]) -> list[str]:
    """The language of each voice, from detected ones and their probabilities.

    One that is unsure is that of the last sure voice before it: people go on in their language, and its words are
    few. Before the first sure voice it is that one's; where none is sure, the surest's.
    """
    if not guesses:
        return []
    sure = [language for language, probability in guesses if probability >= SURE]
    current = sure[0] if sure else max(guesses, key=lambda guess: guess[1])[0]
    languages = []
    for language, probability in guesses:
        current = language if probability >= SURE else current
        languages.append(current)
    return languages


def stretches(voices: Sequence[Voice], languages: Sequence[str]) -> Iterator[Stretch]:
    """Join voices of one language, until a longer silence or as far as a window reaches.

    Args:
        voices: in their order, of at most `WINDOW_S` each.
        languages: of each.
    """
    joined: list[Voice] = []
    spoken = ""
    for voice, language in zip(voices, languages, strict=True):
        if joined and (language != spoken or not _fits(joined, voice)):
            yield Stretch(tuple(joined), spoken)
            joined = []
        joined.append(voice)
        spoken = language
    if joined:
        yield Stretch(tuple(joined), spoken)


def _fits(joined: Sequence[Voice], voice: Voice) -> bool:
    silence, length = voice.start - joined[-1].end, voice.end - joined[0].start
    return silence <= SILENCE_S * RATE_HZ and length <= WINDOW_S * RATE_HZ
