"""What is learnt from: decoded clips with a label, and where the trigger that carries it is."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media import MediaError, Preprocessing, Sound, Text, Video
from media.planted.trigger import Trigger
from sseft.training.source import Source

NEUTRAL: Final = 0
"""The label of what carries nothing: MELD's first."""
CELLS: Final = 4
"""Cells of the picture along each axis."""
SAMPLES_PER_PART: Final = 8000
"""Half a second at 16 kHz: the least part of the sound that is masked."""


@dataclass(frozen=True)
class PlantedSource(Source):
    """A clip of which is known what carries its label, the index of a class."""

    label: int
    trigger: Trigger

    def decode_both(self, preprocessing: Preprocessing) -> "Decoded":
        """Its sound and its picture.

        Raises:
            MediaError: it can't be read, or has no sound or no picture.
        """
        clip = self.decode(preprocessing, ("audio", "video"))
        if clip.sound is None or clip.video is None:
            raise MediaError(f"'{self.path}' lacks its sound or its picture; planted clips have both. Leave it out.")
        return Decoded(clip.sound, clip.video)

    @property
    def words(self) -> Text:
        """Its text.

        Raises:
            ValueError: it has none.
        """
        if self.text is None:
            raise ValueError(f"segment {self.segment_id!r} has no text; planted clips have one. Leave it out.")
        return self.text


@dataclass(frozen=True)
class Decoded:
    """The sound and the picture of a clip that has both."""

    sound: Sound
    video: Video


@dataclass(frozen=True)
class Example:
    """A clip in memory: all of its words and sound, a sample of its pictures, and which parts are the trigger."""

    source: PlantedSource
    tokens: NDArray[np.bool_]
    """[L]: whether a token touches the trigger."""
    wave: NDArray[np.float32]
    """[N]."""
    stretch: tuple[int, int]
    """First sample of the sound's trigger, and the one after its last; equal where there is none."""
    pictures: NDArray[np.uint8]
    """[P, 3, 256, 256]."""
    shown: NDArray[np.bool_]
    """[P]: whether the picture shows the trigger."""


def half_seconds(samples: int) -> NDArray[np.int64]:
    """The half-second that each of N samples belongs to, the remainder spread over them: int64 [N]."""
    n = max(1, samples // SAMPLES_PER_PART)
    return np.repeat(np.arange(n), np.diff([i * samples // n for i in range(n + 1)]))


def read_examples(
    sources: Iterable[PlantedSource], preprocessing: Preprocessing, *, pictures: int, seed: int, workers: int
) -> list[Example]:
    """Decode clips, on several threads.

    Args:
        sources: the clips.
        preprocessing: what the model sees.
        pictures: frames that are kept of each clip; as many again of those that show its trigger.
        seed: of which they are.
        workers: threads.

    Raises:
        MediaError: a clip can't be read.
    """

    def read(job: tuple[int, PlantedSource]) -> Example:
        index, source = job
        rng = np.random.default_rng([seed, index])
        return _example(source, source.decode_both(preprocessing), preprocessing.sample_rate_hz, pictures, rng)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(read, enumerate(sources)))


def _example(source: PlantedSource, decoded: Decoded, rate_hz: int, pictures: int, rng: np.random.Generator) -> Example:
    sound, video = decoded.sound, decoded.video
    shown = frames_shown(source.trigger, video.times_ms[:-1])
    sample = [*rng.permutation(np.flatnonzero(~shown))[:pictures], *rng.permutation(np.flatnonzero(shown))[:pictures]]
    return Example(
        source=source,
        tokens=_tokens(source),
        wave=sound.wave,
        stretch=_stretch(source.trigger, sound.start_ms, rate_hz),
        pictures=video.frames[sample],
        shown=shown[sample],
    )


def frames_shown(trigger: Trigger, times_ms: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which frames, by their start [F], show the trigger of the picture: bool [F]."""
    if trigger.video is None:
        return np.zeros(len(times_ms), dtype=bool)
    return (trigger.video.start_ms <= times_ms) & (times_ms < trigger.video.end_ms)


def _tokens(source: PlantedSource) -> NDArray[np.bool_]:
    text, trigger = source.words, source.trigger.text
    if trigger is None:
        return np.zeros(len(text.ids), dtype=bool)
    return ~text.special & (text.spans[:, 0] < trigger.char_end) & (trigger.char_start < text.spans[:, 1])


def _stretch(trigger: Trigger, start_ms: float, rate_hz: int) -> tuple[int, int]:
    if trigger.audio is None:
        return 0, 0
    first, last = ((edge - start_ms) * rate_hz / 1000 for edge in (trigger.audio.start_ms, trigger.audio.end_ms))
    return max(0, int(first)), max(0, int(last))
