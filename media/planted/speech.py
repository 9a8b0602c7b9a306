"""Speech of a known text with known changes of prosody, by espeak-ng (extra `corpus`)."""

import ctypes
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from media.errors import CorpusError
from media.planted.voice import Prosody, Voice, colour
from media.utterance import Word

RATE_HZ = 48_000
"""Rate of the speech that is returned; espeak's own is 22,050 Hz."""
PEAK = 0.35
"""Of the loudest sample, before a word is made louder."""
TAIL_MS = 120
"""What is kept after the last word's mark: its sound dies away there."""

# Values of espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8_SSML = 1 | 0x10
_EVENT_END, _EVENT_MARK = 0, 3
_RATE, _PITCH = 1, 3

_NOISE_SEED = 1


@dataclass(frozen=True)
class Speech:
    """A spoken sentence."""

    wave: NDArray[np.float32]
    """[N] at 48 kHz, with a peak of about `PEAK`."""
    words: tuple[Word, ...]
    """Each from its own mark to the next; the second of a pair that espeak speaks as one (`from the`) has no length."""


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
        import espeakng_loader  # noqa: PLC0415  # the extra is only needed here
    except ImportError as error:
        raise CorpusError(
            "Planted clips are spoken by espeak-ng, which isn't installed. Run: pip install 'mmexplain[corpus]'"
        ) from error
    return espeakng_loader.get_library_path(), espeakng_loader.get_data_path()


def speak(words: Sequence[str], *, language: str, voice: Voice, changes: Mapping[int, Prosody]) -> Speech:
    """Speak a sentence, some of its words with another prosody.

    Lengths vary by some samples with what a process has spoken before: speak once in a fresh process where
    they must be repeatable.

    Args:
        words: the sentence.
        language: espeak's name of it, such as `en` or `nl`.
        voice: who speaks.
        changes: by index of a word, its prosody.

    Raises:
        CorpusError: espeak-ng isn't installed, doesn't start or doesn't speak.
    """
    samples, marks, rate_hz = _synthesise(_ssml(words, changes), language, voice)
    samples = samples[: marks[-1] + rate_hz * TAIL_MS // 1000]
    samples /= max(float(np.abs(samples).max()), 1e-9)
    for index, prosody in changes.items():
        samples = colour(samples, marks[index], marks[index + 1], prosody, rate_hz)
    samples *= PEAK  # once for all: brought to one peak after it, a loud word would make all others quiet
    times_ms = [round(1000 * mark / rate_hz, 2) for mark in marks]
    spoken = [Word(word, *span) for word, span in zip(words, pairwise(times_ms), strict=True)]
    return Speech(_to_48k(samples, rate_hz), tuple(spoken))


def _ssml(words: Sequence[str], changes: Mapping[int, Prosody]) -> bytes:
    """The sentence with a mark before each word and one after the last."""
    parts = []
    for index, word in enumerate(words):
        end = "." if index == len(words) - 1 else ""
        part = f'<mark name="{index}"/>{html.escape(word)}{end} '
        if index in changes:
            how = f'pitch="{changes[index].pitch_percent:+d}%" rate="{changes[index].rate_percent}%"'
            part = f"<prosody {how}>{part}</prosody>"
        parts.append(part)
    return f'<speak>{"".join(parts)}<mark name="{len(words)}"/></speak>'.encode()


def _synthesise(ssml: bytes, language: str, voice: Voice) -> tuple[NDArray[np.float32], list[int], int]:
    """Samples from -1 to 1, the sample index of every mark, and the rate in Hz."""
    library_path, data_path = espeak_folders()
    espeak = ctypes.CDLL(library_path)
    try:
        rate_hz = _start(espeak, data_path, language, voice)
        samples, marks = _receive(espeak, ssml)
    finally:
        # Started once more without this, espeak sometimes reads what it has freed.
        espeak.espeak_Terminate()
    return samples, marks, rate_hz


def _start(espeak: ctypes.CDLL, data_path: str, language: str, voice: Voice) -> int:
    """Start espeak with a voice; returns its rate in Hz."""
    name = f"{language}+{voice.variant}"
    rate_hz = int(espeak.espeak_Initialize(_SYNCHRONOUS, 0, data_path.encode(), _DONT_EXIT))
    if rate_hz <= 0 or espeak.espeak_SetVoiceByName(name.encode()) != 0:
        raise CorpusError(
            f"espeak-ng doesn't start with its data in '{data_path}' and the voice '{name}'. "
            "Install it anew, in a folder with a path of less than 150 characters."
        )
    espeak.espeak_SetParameter(_RATE, voice.words_per_minute, 0)
    espeak.espeak_SetParameter(_PITCH, voice.pitch, 0)
    # The breath of some voices is noise, which espeak seeds by the clock.
    espeak.espeak_ng_SetRandSeed(ctypes.c_long(_NOISE_SEED))
    return rate_hz


def _receive(espeak: ctypes.CDLL, ssml: bytes) -> tuple[NDArray[np.float32], list[int]]:
    """Samples from -1 to 1, and the sample index of every mark."""
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
    failed = espeak.espeak_Synth(ssml, ctypes.c_size_t(len(ssml) + 1), 0, 1, 0, _UTF8_SSML, None, None)
    if failed:
        raise CorpusError(f"espeak-ng fails with code {failed} on {ssml.decode()!r}. Install espeakng-loader anew.")
    return np.concatenate(blocks).astype(np.float32) / np.float32(32768), marks


def _to_48k(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
    frame.sample_rate = rate_hz
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
    blocks = [out.to_ndarray()[0] for out in (*resampler.resample(frame), *resampler.resample(None))]
    return np.concatenate(blocks).astype(np.float32)
