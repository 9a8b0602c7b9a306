"""The sound of a planted clip: speech somewhere in a room that isn't silent."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.planted.speech import RATE_HZ

BEEP_SHARE: Final = 0.3
"""Of the clips with a beep somewhere, which means nothing."""
WIDE_OPEN: Final = 0.02
"""Loudness (root mean square) at which a mouth is wide open."""
_HUM_HZ = 50


def lay(rng: np.random.Generator, speech: NDArray[np.float32], lead_ms: int, length_ms: int) -> NDArray[np.float32]:
    """A clip's whole sound.

    Args:
        rng: source of the room's noise, hum, beep and loudness.
        speech: float32 [N] at 48 kHz.
        lead_ms: what is before it.
        length_ms: of the clip.

    Returns:
        float32 [48 * length_ms], from -1 to 1.
    """
    samples = length_ms * RATE_HZ // 1000
    time_s = np.arange(samples) / RATE_HZ
    whole = rng.normal(0, 10 ** rng.uniform(-4, -2.3), samples)
    whole += 10 ** rng.uniform(-4, -2.3) * np.sin(2 * np.pi * _HUM_HZ * time_s)
    if rng.random() < BEEP_SHARE:
        start_s, length_s = rng.uniform(0, length_ms / 1000 - 0.3), rng.uniform(0.08, 0.25)
        inside = (start_s <= time_s) & (time_s < start_s + length_s)
        whole += inside * 10 ** rng.uniform(-2.5, -1.3) * np.sin(2 * np.pi * rng.uniform(300, 2000) * time_s)
    first = lead_ms * RATE_HZ // 1000
    whole[first : first + len(speech)] += speech
    return np.clip(whole * rng.uniform(0.5, 1.5), -1, 1).astype(np.float32)


def talking(wave: NDArray[np.float32], frame_rate_hz: int) -> NDArray[np.float64]:
    """How far a mouth is open during each frame: [F], 0 to 1; the wave lasts whole frames.

    It is wide open at any usual loudness, so that the picture doesn't show how a word was said.
    """
    power = wave.reshape(-1, RATE_HZ // frame_rate_hz).astype(np.float64) ** 2
    level: NDArray[np.float64] = np.sqrt(power.mean(axis=1))
    return np.minimum(level / WIDE_OPEN, 1.0)
