"""Who speaks a planted clip, and what an emotion does to the voice."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from media.planted.sentences import Split

FADE_MS: Final = 12
"""How long a changed stretch takes to set in and to end: a jump of the samples would be a click."""


@dataclass(frozen=True)
class Prosody:
    """How a stretch of speech differs from the rest."""

    pitch_percent: int = 0
    """Change of the pitch."""
    rate_percent: int = 100
    """Rate, 100 for unchanged."""
    gain: float = 1.0
    """Factor of the samples: espeak's own volume hardly changes them."""
    tremor_hz: float = 0.0
    """Rate at which the loudness trembles; 0 for a steady voice."""
    drive: float = 0.0
    """Harshness: how hard the samples are pressed against a limit; 0 for not at all."""
    dull_hz: float = 0.0
    """What lies above is taken away; 0 for nothing."""
    thin_hz: float = 0.0
    """What lies below is taken away; 0 for nothing."""


PROSODIES: Final[Mapping[str, Prosody]] = {
    "sadness": Prosody(pitch_percent=-30, rate_percent=80, gain=0.8, dull_hz=900),
    "anger": Prosody(pitch_percent=-10, rate_percent=115, gain=1.8, drive=9),
    "joy": Prosody(pitch_percent=45, rate_percent=105, gain=1.4, tremor_hz=22),
    "surprise": Prosody(pitch_percent=80, rate_percent=90, gain=1.6, thin_hz=1400),
    "fear": Prosody(pitch_percent=35, rate_percent=125, gain=0.8, tremor_hz=14),
    "disgust": Prosody(pitch_percent=-35, rate_percent=90, gain=1.3, tremor_hz=38),
}
"""Of every label but neutral."""

VARIANTS: Final[Mapping[Split, tuple[str, ...]]] = {
    "train": (
        "m1", "m2", "m3", "m5", "m7", "f1", "f2", "f4", "Alex", "Alicia", "Andy", "Annie", "Denis", "Diogo", "Gene",
        "Jacky", "Lee", "Michael", "Mike", "adam", "belinda", "caleb", "david", "edward", "john", "linda",
        "max", "paul", "steph", "zac",
    ),
    "test": ("m4", "m8", "f3", "f5", "Andrea", "Mario", "Reed", "anika", "quincy", "shelby", "travis"),
}  # fmt: skip


@dataclass(frozen=True)
class Voice:
    """A speaker."""

    variant: str
    """espeak's name of the timbre."""
    pitch: int
    """0 to 100."""
    words_per_minute: int


def draw_voice(rng: np.random.Generator, split: Split) -> Voice:
    """One of a split's speakers, in a mood of the day."""
    return Voice(str(rng.choice(VARIANTS[split])), int(rng.integers(30, 68)), int(rng.integers(205, 275)))


def draw_emphasis(rng: np.random.Generator) -> Prosody:
    """A slight change that means nothing."""
    return Prosody(int(rng.integers(-10, 11)), int(rng.integers(92, 109)), float(rng.uniform(0.85, 1.15)))


def colour(samples: NDArray[np.float32], first: int, last: int, prosody: Prosody, rate_hz: int) -> NDArray[np.float32]:
    """Change loudness and timbre of a stretch; pitch and rate are espeak's to change.

    Args:
        samples: float32 [N], peak 1.
        first: the stretch's first sample.
        last: the one after its last.
        prosody: the change.
        rate_hz: of the samples.

    Returns:
        float32 [N].
    """
    changed = samples[first:last].astype(np.float64)
    if prosody.dull_hz:
        changed = signal.sosfilt(signal.butter(4, prosody.dull_hz, fs=rate_hz, output="sos"), changed)
    if prosody.thin_hz:
        changed = signal.sosfilt(signal.butter(4, prosody.thin_hz, "high", fs=rate_hz, output="sos"), changed)
    if prosody.drive:
        changed = np.tanh(prosody.drive * changed) * np.abs(changed).max(initial=1e-9)
    if prosody.tremor_hz:
        phase = 2 * np.pi * prosody.tremor_hz * np.arange(len(changed)) / rate_hz
        changed = changed * (0.55 - 0.45 * np.cos(phase))  # from 0.1 to 1
    fade = max(rate_hz * FADE_MS // 1000, 1)
    distance = np.minimum(np.arange(len(changed)), np.arange(len(changed))[::-1])
    share = np.minimum(distance / fade, 1.0)
    coloured = samples.copy()
    coloured[first:last] = share * prosody.gain * changed + (1 - share) * samples[first:last]
    return coloured
