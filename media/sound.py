"""The sound of a span: the waveform as the model hears it."""

import math
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from media.container import check_span
from media.errors import MediaError
from media.frames import TimedFrame, sound_frames
from media.limits import LIMITS, Limits
from media.preprocessing import Preprocessing

JITTER_S = Fraction(2, 1000)
"""How far a timestamp may be from where the samples before it end, and still continue them.

Matroska rounds to 1 ms, MPEG to 1/90,000 s: taking each frame at its word would tear or overlap samples.
"""

MOST_PLANES = 8
"""PyAV 18.1 looks for the end of a frame's planes past the eighth, and reads what lies there: the process crashes."""

LOUDEST = 2.0**31
"""More than 32-bit integers that are passed off as floats: no sound, and the model would overflow."""


@dataclass(frozen=True)
class Sound:
    """The sound of a clip: N samples, one channel."""

    wave: NDArray[np.float32]
    """[N], from -1 to 1, at the model's rate (16 kHz)."""
    start_ms: float
    """Time of the first sample in the media file, in ms."""
    cut: bool
    """Whether the span held more: samples over the limit, or damaged or infinite ones, which are silent here."""


def decode_sound(
    path: Path | str,
    start_ms: float,
    end_ms: float | None,
    preprocessing: Preprocessing,
    limits: Limits = LIMITS,
) -> Sound | None:
    """Decode the samples of a span: mean of the channels, and the nearest sample at the model's rate.

    Nearest means sample floor(i * rate / 16,000), without a filter against aliases: so were the training's
    recordings resampled (torch's `interpolate` in its default mode).

    Args:
        path: the media file.
        start_ms: start of the span in the file's time, in ms.
        end_ms: its end, exclusive; None: the end of the media.
        preprocessing: rate and most samples.
        limits: what the file may ask for.

    Returns:
        The waveform from the span's start to its end, or to where the stream ends; silence stands for what
        the stream lacks before or between. None without a sound stream, or without a sample in the span.

    Raises:
        MediaError: the file can't be read, nothing in the span can be decoded, or the span is none.
        LimitError: the file asks for more than the limits.
    """
    check_span(start_ms, end_ms)
    line: _TimeLine | None = None
    damaged = False
    with closing(sound_frames(path, start_ms, limits)) as frames:
        for timed in frames:
            if timed.frame is None:
                time_ms = float(1000 * timed.start_s)
                damaged = damaged or start_ms <= time_ms < (math.inf if end_ms is None else end_ms)
                continue
            line = line or _TimeLine(timed.frame.sample_rate, start_ms, end_ms, preprocessing)
            if not line.place(timed):
                break
    sound = None if line is None else _resample(line, preprocessing, damaged=damaged)
    if sound is None and damaged:
        raise MediaError(
            f"The sound of '{path}' can't be decoded from {start_ms} ms on: its packets are damaged. "
            "Check that the file plays there, and replace or convert it."
        )
    return sound


class _TimeLine:
    """The samples of a span at the file's own rate, each where its time says."""

    def __init__(self, rate_hz: int, start_ms: float, end_ms: float | None, preprocessing: Preprocessing) -> None:
        self.rate_hz = rate_hz
        self.first = _index(start_ms, rate_hz)
        """Index of the first sample, counted from the start of the media."""
        # One sample more than the model takes tells whether there were too many.
        most = math.ceil(Fraction((preprocessing.max_samples + 1) * rate_hz, preprocessing.sample_rate_hz))
        length = most if end_ms is None or math.isinf(end_ms) else min(most, _index(end_ms, rate_hz) - self.first)
        self.samples = np.zeros(length, dtype=np.float32)
        self.damaged = False
        """Whether some of them are no numbers, or too large for any."""
        self.filled = 0
        """How many of them the stream reaches."""
        self._next = 0

    def place(self, timed: TimedFrame) -> bool:
        """Write a frame's samples to their place; False where the frame lies past the span."""
        if timed.frame.sample_rate != self.rate_hz:
            raise MediaError(
                f"The sample rate changes from {self.rate_hz} to {timed.frame.sample_rate} Hz at "
                f"{float(timed.start_s):.3f} s. Convert the file to one rate, or split it there."
            )
        at = round(timed.start_s * self.rate_hz) - self.first
        continues = abs(at - self._next) <= JITTER_S * self.rate_hz
        # Timestamps count from the first frame that reaches into the span: those after a seek may be rough.
        if continues and self.filled > 0:
            at = self._next
        self._next = at + timed.frame.samples
        if at >= len(self.samples):
            return False
        low, high = max(at, 0), min(self._next, len(self.samples))
        if low < high:
            wave = _mono(timed.frame)[low - at : high - at]
            sound = np.abs(wave) <= LOUDEST  # not so of NaN, either
            self.samples[low:high] = np.where(sound, wave, 0)
            self.damaged = self.damaged or not sound.all()
            self.filled = max(self.filled, high)
        return True


def _index(time_ms: float, rate_hz: int) -> int:
    """Index of the first sample at or after a time; a thousandth of a sample is the float's rounding."""
    return math.ceil(Fraction(time_ms) * rate_hz / 1000 - Fraction(1, 1000))


def _mono(frame: Any) -> NDArray[np.float64]:
    """Mean over the channels of a frame: [samples], from -1 to 1."""
    if frame.format.is_planar and frame.layout.nb_channels >= MOST_PLANES:
        frame = _packed(frame)
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(frame.samples, -1).T
    if samples.dtype == np.uint8:
        return np.asarray((samples.mean(axis=0) - 128) / 128)
    scale = -float(np.iinfo(samples.dtype).min) if np.issubdtype(samples.dtype, np.integer) else 1.0
    return np.asarray(samples.mean(axis=0, dtype=np.float64) / scale)


def _packed(frame: Any) -> Any:
    """A frame with the samples of its channels in turn, in one plane."""
    packer = av.AudioResampler(format=frame.format.packed.name, layout=frame.layout, rate=frame.sample_rate)
    (packed,) = packer.resample(frame)
    return packed


def _resample(line: _TimeLine, preprocessing: Preprocessing, *, damaged: bool) -> Sound | None:
    """The nearest samples at the model's rate; None where there are none."""
    rate_hz = preprocessing.sample_rate_hz
    available = line.filled * rate_hz // line.rate_hz
    if available == 0:
        return None
    # In whole numbers: torch's float32 index is one sample early at 1 in 450 samples of 44.1 kHz.
    index = np.arange(min(available, preprocessing.max_samples)) * line.rate_hz // rate_hz
    return Sound(
        wave=line.samples[index],
        start_ms=float(Fraction(1000 * line.first, line.rate_hz)),
        cut=available > preprocessing.max_samples or damaged or line.damaged,
    )
