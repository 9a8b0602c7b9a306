"""Players of a sound: half-seconds, or the words that are spoken and the pauses between them."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple, get_args

import numpy as np

from batcher.players.player import Player, Players
from media import Sound
from media.utterance import Word

AudioPlayers = Literal["half-seconds", "words"]
AUDIO_PLAYERS: Final[tuple[AudioPlayers, ...]] = get_args(AudioPlayers)

SAMPLES_PER_PLAYER: Final = 8000
"""Half a second at 16 kHz."""
PAUSE_MS: Final = 100
"""The shortest silence that is a pause. A shorter one is the closure of a consonant, or an aligner's doubt."""


class Stretch(NamedTuple):
    """Consecutive samples, and what is said there."""

    word: str | None
    start: int
    stop: int


def audio_players(
    sound: Sound, sample_rate_hz: int, kind: AudioPlayers = "half-seconds", words: Iterable[Word] = ()
) -> Players:
    """Half-seconds, or words and pauses; half-seconds too where no word is known to lie in the sound.

    Args:
        sound: of N samples.
        sample_rate_hz: of it.
        kind: half-seconds or words.
        words: with their times in the media file; those outside of the sound are ignored.
    """
    samples = len(sound.wave)
    spoken = _spoken(sound, sample_rate_hz, words) if kind == "words" else []
    pause = PAUSE_MS * sample_rate_hz // 1000
    stretches = _words_and_pauses(spoken, samples, pause) if spoken else _half_seconds(samples)
    described = tuple(
        Player(
            "audio",
            i,
            token=stretch.word,
            start_ms=sound.start_ms + 1000 * stretch.start / sample_rate_hz,
            end_ms=sound.start_ms + 1000 * stretch.stop / sample_rate_hz,
        )
        for i, stretch in enumerate(stretches)
    )
    lengths = [stretch.stop - stretch.start for stretch in stretches]
    return Players(sound.wave, np.repeat(np.arange(len(stretches)), lengths), described)


def _half_seconds(samples: int) -> list[Stretch]:
    """Half-seconds, the remainder spread over them.

    n = max(1, N // 8000) players; player i covers samples floor(i N / n) to floor((i + 1) N / n).
    """
    n = max(1, samples // SAMPLES_PER_PLAYER)
    return [Stretch(None, i * samples // n, (i + 1) * samples // n) for i in range(n)]


def _spoken(sound: Sound, sample_rate_hz: int, words: Iterable[Word]) -> list[Stretch]:
    """The words that have samples, by their starts. Times are rounded to samples, and clipped to the sound."""

    def sample(time_ms: float) -> int:
        return min(max(round((time_ms - sound.start_ms) * sample_rate_hz / 1000), 0), len(sound.wave))

    timed = (word for word in words if math.isfinite(word.start_ms) and math.isfinite(word.end_ms))
    found = (Stretch(word.word.strip(), sample(word.start_ms), sample(word.end_ms)) for word in timed)
    return sorted((one for one in found if one.start < one.stop), key=lambda one: one[1:])


def _words_and_pauses(spoken: Sequence[Stretch], samples: int, pause: int) -> list[Stretch]:
    """Stretches that cover all samples, from words that are sorted by their starts and may overlap.

    Words meet in the middle of their overlap, or of a gap that is no pause; at the sound's ends such a gap is the
    word's. Where a word ends within the one before it, the rest of that is the later word's. A word that others leave
    no sample is dropped.
    """
    stops = np.maximum.accumulate([word.stop for word in spoken]).tolist()
    edges = [0 if spoken[0].start < pause else spoken[0].start]  # start and stop of each word in turn
    for following, stop in zip(spoken[1:], stops, strict=False):
        if following.start - stop >= pause:
            edges += [stop, following.start]
        else:
            middle = (following.start + min(stop, following.stop)) // 2
            # Of three words at once the middles may have another order than the starts.
            edges += [max(middle, edges[-1])] * 2
    edges.append(samples if samples - stops[-1] < pause else stops[-1])
    names = [None, *(name for word in spoken for name in (word.word, None))]
    spans = pairwise([0, *edges, samples])
    return [Stretch(name, *span) for name, span in zip(names, spans, strict=True) if span[0] < span[1]]
