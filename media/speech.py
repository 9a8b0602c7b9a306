"""Speech of a known text with a known change of prosody, by espeak-ng (extra `corpus`)."""

import ctypes
import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from media.errors import CorpusError

RATE_HZ = 48_000
"""Rate of the speech that is returned; espeak's own is 22,050 Hz."""
WORDS_PER_MINUTE = 225
TAIL_MS = 120
"""What is kept after the last word's mark: its sound dies away there."""

# Values of espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8_SSML = 1 | 0x10
_EVENT_END, _EVENT_MARK = 0, 3
_RATE, _PITCH = 1, 3


@dataclass(frozen=True)
class Prosody:
    """How a stretch of speech differs from the rest."""

    pitch_percent: int
    """Change of the pitch."""
    rate_percent: int
    """Rate, 100 for unchanged."""
    gain: float
    """Factor of the samples: espeak's own volume hardly changes them."""


@dataclass(frozen=True)
class Word:
    """A spoken word and when it is heard, in ms."""

    word: str
    start_ms: float
    end_ms: float


@dataclass(frozen=True)
class Speech:
    """A spoken sentence."""

    wave: NDArray[np.float32]
    """[N] at 48 kHz, peak below 1."""
    words: tuple[Word, ...]


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def espeak_folders() -> tuple[str, str]:
    """Paths of espeak-ng's library and of its data.

    Raises:
        CorpusError: it isn't installed.
    """
    try:
        import espeakng_loader  # noqa: PLC0415  the extra is only needed here
    except ImportError as error:
        raise CorpusError(
            "Planted clips are spoken by espeak-ng, which isn't installed. Run: pip install 'mmexplain[corpus]'"
        ) from error
    return espeakng_loader.get_library_path(), espeakng_loader.get_data_path()


def speak(words: Sequence[str], *, language: str, pitch: int, changed: int | None, prosody: Prosody) -> Speech:
    """Speak a sentence, one word of it with another prosody.

    Lengths vary by some samples with what a process has spoken before: speak once in a fresh process where
    they must be repeatable.

    Args:
        words: the sentence, with its punctuation.
        language: espeak's name of it, such as `en` or `nl`.
        pitch: the voice's pitch, 0 to 100.
        changed: index of the word with another prosody; None for none.
        prosody: that prosody.

    Raises:
        CorpusError: espeak-ng isn't installed, or doesn't start.
    """
    samples, marks, rate_hz = _synthesise(_ssml(words, changed, prosody), language, pitch)
    ends = marks[1:]
    if changed is not None:
        first, last = marks[changed], ends[changed]
        samples[first:last] *= prosody.gain
    samples = samples[: marks[-1] + rate_hz * TAIL_MS // 1000]
    samples *= 0.5 / max(float(np.abs(samples).max()), 1e-9)
    to_ms = 1000 / rate_hz
    spoken = [Word(w, round(a * to_ms, 2), round(b * to_ms, 2)) for w, a, b in zip(words, marks, ends, strict=False)]
    return Speech(_to_48k(samples, rate_hz), tuple(spoken))


def _ssml(words: Sequence[str], changed: int | None, prosody: Prosody) -> bytes:
    """The sentence with a mark before each word and one after the last."""
    parts = []
    for index, word in enumerate(words):
        part = f'<mark name="{index}"/>{html.escape(word)} '
        if index == changed:
            how = f'pitch="{prosody.pitch_percent:+d}%" rate="{prosody.rate_percent}%"'
            part = f"<prosody {how}>{part}</prosody>"
        parts.append(part)
    return f'<speak>{"".join(parts)}<mark name="{len(words)}"/></speak>'.encode()


def _synthesise(ssml: bytes, language: str, pitch: int) -> tuple[NDArray[np.float32], list[int], int]:
    """Samples from -1 to 1, the sample index of every mark, and the rate in Hz."""
    library_path, data_path = espeak_folders()
    espeak = ctypes.CDLL(library_path)
    rate_hz = int(espeak.espeak_Initialize(_SYNCHRONOUS, 0, data_path.encode(), _DONT_EXIT))
    if rate_hz <= 0 or espeak.espeak_SetVoiceByName(language.encode()) != 0:
        raise CorpusError(
            f"espeak-ng doesn't start with its data in '{data_path}' and the voice '{language}'. "
            "Install it anew, in a folder with a path of less than 150 characters."
        )
    espeak.espeak_SetParameter(_RATE, WORDS_PER_MINUTE, 0)
    espeak.espeak_SetParameter(_PITCH, pitch, 0)
    blocks: list[NDArray[np.int16]] = []
    marks: list[int] = []

    def receive(block: Any, length: int, events: Any) -> int:
        if block and length:
            blocks.append(np.ctypeslib.as_array(block, (length,)).copy())
        index = 0
        while events[index].type != _EVENT_END:
            if events[index].type == _EVENT_MARK:
                marks.append(events[index].sample)
            index += 1
        return 0

    callback = _CALLBACK(receive)
    espeak.espeak_SetSynthCallback(callback)
    espeak.espeak_Synth(ssml, ctypes.c_size_t(len(ssml) + 1), 0, 1, 0, _UTF8_SSML, None, None)
    samples = np.concatenate(blocks).astype(np.float32) / np.float32(32768)
    return samples, marks, rate_hz


def _to_48k(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
    frame.sample_rate = rate_hz
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
    blocks = [out.to_ndarray()[0] for out in (*resampler.resample(frame), *resampler.resample(None))]
    return np.concatenate(blocks).astype(np.float32)
