"""Speech recognition by faster-whisper (extra `asr`), from a model folder; no network is touched."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from media.errors import MediaError
from media.passage import LOOP, HeardWord, Passage
from media.sound_stream import RATE_HZ
from media.stretch import WINDOW_S, Stretch, Voice, settled, stretches

Device = Literal["cpu", "cuda"]
NEEDED: Final = (("config.json",), ("model.bin",), ("tokenizer.json",), ("vocabulary.txt", "vocabulary.json"))
"""Files of a model folder; of some either will do."""
PRECISIONS: Final = {"cpu": "int8", "cuda": "float16"}
"""What CTranslate2 computes in: the quickest that keeps the words."""
VOICE: Final = {"min_silence_duration_ms": 500, "speech_pad_ms": 200, "max_speech_duration_s": WINDOW_S}
"""Of voice activity detection. Its own 2 s bridge the pauses between utterances of 3 to 4 s, and its own padding of
400 ms either side closes them again."""
DECODING: Final = {
    # At other temperatures words are drawn at random: a run that goes on might write another manifest than one that
    # was never stopped.
    "temperature": 0.0,
    # Else it leaves out windows without a word about them: `is_speech` judges, and what it drops is counted.
    "no_speech_threshold": None,
    # Words of one window as the next one's prompt make Whisper repeat itself, and a block depend on where it begins.
    "condition_on_previous_text": False,
}
DOWNLOAD: Final = (
    "Download a Whisper model in CTranslate2's format where there is a network (such as "
    "https://huggingface.co/Systran/faster-whisper-large-v3), put its files into one folder, "
    "and name that folder: --speech-model FOLDER."
)


@dataclass(frozen=True)
class FasterWhisper:
    """A recogniser (`media.listening.Recogniser`)."""

    model: Any
    """faster_whisper.WhisperModel."""
    find_voices: Callable[[NDArray[np.float32]], Sequence[Voice]]
    """Voice activity detection: voices of at most `WINDOW_S` each."""

    def hear(self, wave: NDArray[np.float32], start_ms: float, language: str | None) -> Iterator[Passage]:
        """What is said in samples [N] at 16 kHz that begin at a time of the media file.

        Yields:
            Passages, stretch by stretch; one without words for a voice in which none were heard.
        """
        voices = self.find_voices(wave)
        languages = settled([self._guess(wave, voice) for voice in voices]) if language is None else None
        for stretch in stretches(voices, languages or [str(language)] * len(voices)):
            yield from self._stretch(wave, start_ms, stretch)

    def _guess(self, wave: NDArray[np.float32], voice: Voice) -> tuple[str, float]:
        language, probability, _ = self.model.detect_language(wave[voice.start : voice.end])
        return str(language), float(probability)

    def _stretch(self, wave: NDArray[np.float32], start_ms: float, stretch: Stretch) -> Iterator[Passage]:
        """A stretch; where its text repeats itself, its voices one by one: a refrain isn't a loop, but looks so."""
        passages = self._transcribe(wave, start_ms, stretch)
        if len(stretch.voices) > 1 and any(passage.compression > LOOP for passage in passages):
            for voice in stretch.voices:
                yield from self._stretch(wave, start_ms, Stretch((voice,), stretch.language))
            return
        unheard = [voice for voice in stretch.voices if not _is_heard(voice, passages, start_ms)]
        yield from passages
        for voice in unheard:
            yield Passage((), 0.0, 0.0, 0.0, start_ms + _ms(voice.start), start_ms + _ms(voice.end))

    def _transcribe(self, wave: NDArray[np.float32], start_ms: float, stretch: Stretch) -> list[Passage]:
        sound = wave[stretch.start : stretch.end]
        segments, _ = self.model.transcribe(
            sound, language=stretch.language, word_timestamps=True, vad_filter=False, **DECODING
        )
        return [_passage(segment, start_ms + _ms(stretch.start), stretch.language) for segment in segments]


def load_recogniser(
    folder: Path, *, language: str | None = None, device: Device = "cpu", threads: int = 0
) -> FasterWhisper:
    """Load a model.

    Args:
        folder: of the model, in CTranslate2's format.
        language: that it will be asked for; None: the one that it hears.
        device: that it computes on.
        threads: of the CPU; 0: CTranslate2's choice.

    Raises:
        MediaError: faster-whisper isn't installed, the folder is none of a model, or the model takes no such language.
    """
    check_model(folder)
    try:
        from faster_whisper import WhisperModel, vad  # noqa: PLC0415  # the extra is only needed here
    except ImportError as error:
        raise MediaError(
            f"Speech recognition needs faster-whisper, which can't be imported ({error}). Run: "
            "pip install 'mmexplain[asr]' (from a checkout: pip install -e '.[asr]'), in an environment of its own."
        ) from error
    try:
        model = WhisperModel(
            str(folder), device=device, compute_type=PRECISIONS[device], cpu_threads=threads, local_files_only=True
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise MediaError(f"The speech model '{folder}' can't be loaded on {device} ({error}). {DOWNLOAD}") from error
    if language is not None and language not in model.supported_languages:
        known = ", ".join(sorted(model.supported_languages))
        raise MediaError(f"The speech model '{folder}' takes no language {language!r}. It takes: {known}.")

    def find_voices(wave: NDArray[np.float32]) -> list[Voice]:
        found = vad.get_speech_timestamps(wave, vad.VadOptions(**VOICE))
        return [Voice(int(voice["start"]), int(voice["end"])) for voice in found]

    return FasterWhisper(model, find_voices)


def check_model(folder: Path) -> None:
    """Refuse what isn't the folder of a model.

    Raises:
        MediaError: it doesn't exist, or lacks files; the message names them.
    """
    if not folder.is_dir():
        raise MediaError(f"The speech model '{folder}' is no folder; names of models aren't looked up. {DOWNLOAD}")
    lacking = [" or ".join(names) for names in NEEDED if not any((folder / name).is_file() for name in names)]
    if lacking:
        raise MediaError(f"The speech model '{folder}' lacks {', '.join(lacking)}. {DOWNLOAD}")


def digest_of(folder: Path) -> str:
    """What tells a model from others, wherever its folder stands: the sha256 of `model.bin`."""
    with (folder / "model.bin").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _passage(segment: Any, start_ms: float, language: str) -> Passage:
    """One of faster-whisper's segments; some of its numbers are numpy's."""
    logprob, no_speech = float(segment.avg_logprob), float(segment.no_speech_prob)
    words = [
        HeardWord(
            word.word.strip(),
            _time_ms(word.start, start_ms),
            _time_ms(word.end, start_ms),
            round(float(word.probability), 4),
            spaced=word.word.startswith(" "),
            language=language,
            logprob=logprob,
            no_speech=no_speech,
        )
        for word in _named(segment.words)
    ]
    times = (_time_ms(segment.start, start_ms), _time_ms(segment.end, start_ms))
    return Passage(tuple(words), logprob, no_speech, float(segment.compression_ratio), *times)


def _is_heard(voice: Voice, passages: Iterable[Passage], start_ms: float) -> bool:
    first_ms, last_ms = start_ms + _ms(voice.start), start_ms + _ms(voice.end)
    return any(word.start_ms < last_ms and word.end_ms > first_ms for one in passages for word in one.words)


def _ms(sample: int) -> float:
    return 1000 * sample / RATE_HZ


def _named(words: Iterable[Any] | None) -> list[Any]:
    return [word for word in words or () if word.word.strip()]


def _time_ms(seconds: float, start_ms: float) -> float:
    return round(start_ms + 1000 * float(seconds), 1)
