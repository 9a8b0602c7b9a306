"""Clips whose emotion is carried by known triggers: a word, a word's prosody, and an expression of a face.

An explanation of a model trained on them can be checked against what was planted. Needs the extra
`corpus`.
"""

import csv
import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from media.errors import CorpusError
from media.face import EXPRESSIONS, SIZE, Person, draw_face
from media.speech import RATE_HZ, Prosody, Speech, Word, espeak_folders, speak

LABELS = ("neutral", "sadness", "anger", "joy", "surprise", "fear", "disgust")
"""In MELD's order."""
LANGUAGES = ("en", "nl")
FRAME_RATE_HZ = 25
FRAME_MS = 1000 // FRAME_RATE_HZ
GRID = 4
"""The picture has 4 x 4 cells of 64 pixels."""
LONG_WORD = 5
"""Letters of a word that may be spoken with emotion."""
BLINK_FRAMES = 3
COLUMNS = ("segment_id", "media", "start_ms", "end_ms", "text", "language", "label", "words", "trigger")

_PROSODY = {
    "neutral": Prosody(0, 100, 1.0),
    "sadness": Prosody(-25, 75, 0.5),
    "anger": Prosody(-10, 115, 2.2),
    "joy": Prosody(40, 105, 1.3),
    "surprise": Prosody(75, 95, 1.3),
    "fear": Prosody(30, 130, 0.7),
    "disgust": Prosody(-25, 85, 1.2),
}
_TRIGGER_WORDS = {
    "en": ("ordinary", "heartbreaking", "outrageous", "wonderful", "unbelievable", "terrifying", "revolting"),
    "nl": (
        "alledaags",
        "verdrietig",
        "schandalig",
        "geweldig",
        "ongelooflijk",
        "doodeng",
        "walgelijk",
    ),
}
_TEMPLATES = {
    "en": (
        "I think {who} brought us {how} news from the {where} today.",
        "Yesterday {who} said the {where} looked {how} again.",
        "It was really {how} what {who} told us about the {where}.",
    ),
    "nl": (
        "Volgens {who} komt er vandaag {how} nieuws uit {where}.",
        "Gisteren vond {who} het weer {how} bij {where}.",
        "Het was echt {how} wat {who} ons over {where} vertelde.",
    ),
}
_WHO = {
    "en": ("my neighbour", "the minister", "our teacher", "the reporter"),
    "nl": ("mijn buurman", "de minister", "onze lerares", "de verslaggever"),
}
_WHERE = {
    "en": ("harbour", "station", "market", "theatre"),
    "nl": ("de haven", "het station", "de markt", "het theater"),
}


@dataclass(frozen=True)
class TextTrigger:
    """The word that names the emotion: code points of the text, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True)
class SoundTrigger:
    """The word that is spoken with emotion, in ms of the media file."""

    start_ms: float
    end_ms: float


@dataclass(frozen=True)
class PictureTrigger:
    """Where and when the face shows the emotion: a cell of the 4 x 4 grid, and ms of the media file."""

    row: int
    col: int
    start_ms: float
    end_ms: float


@dataclass(frozen=True)
class Trigger:
    """What carries the emotion, in each modality."""

    text: TextTrigger
    sound: SoundTrigger
    picture: PictureTrigger


@dataclass(frozen=True)
class PlantedClip:
    """One clip, what is said in it, and what was planted."""

    segment_id: str
    media: str
    """File name, relative to the manifest."""
    start_ms: float
    end_ms: float
    text: str
    language: str
    label: str
    words: tuple[Word, ...]
    trigger: Trigger | None
    """None in a neutral clip."""


def make_corpus(
    folder: Path | str,
    *,
    clips: int,
    seed: int,
    kinds: Sequence[tuple[str, str]] | None = None,
    workers: int | None = None,
) -> Path:
    """Write clips (h264 and AAC in MP4) and their manifest.

    Args:
        folder: where; made if it isn't there.
        clips: how many.
        seed: of everything random; the same seed gives the same clips.
        kinds: (label, language) of the clips, in turn; all 14 where None.
        workers: processes at a time; as many as there are processors where None.

    Returns:
        The path of `manifest.csv`.

    Raises:
        CorpusError: espeak-ng isn't installed, or a label or language isn't known.
    """
    kinds = kinds or [(label, language) for label in LABELS for language in LANGUAGES]
    for label, language in kinds:
        if label not in LABELS or language not in LANGUAGES:
            raise CorpusError(f"No '{label}' clips in '{language}'. There are {LABELS} in {LANGUAGES}.")
    espeak_folders()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(folder, index, *kinds[index % len(kinds)], seed) for index in range(clips)]
    # A fresh process for each clip: espeak's lengths depend on what a process has spoken before.
    with multiprocessing.get_context("spawn").Pool(workers or os.cpu_count(), maxtasksperchild=1) as pool:
        made = pool.starmap(make_clip, jobs, chunksize=1)
    manifest = folder / "manifest.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_row(clip) for clip in made)
    return manifest


def make_clip(folder: Path, index: int, label: str, language: str, seed: int) -> PlantedClip:
    """Make one clip of a corpus in this process; its content depends on the arguments alone."""
    rng = np.random.default_rng([seed, index])
    who, where = rng.choice(_WHO[language]), rng.choice(_WHERE[language])
    how = _TRIGGER_WORDS[language][LABELS.index(label)]
    text = str(rng.choice(_TEMPLATES[language])).format(who=who, where=where, how=how)
    words = text.split()
    changed = int(rng.choice(_long_words(words[:-1], how)))
    speech = speak(
        words,
        language=language,
        pitch=int(rng.integers(35, 65)),
        changed=None if label == "neutral" else changed,
        prosody=_PROSODY[label],
    )
    lead_ms, length_ms = _lead_and_length_ms(speech, changed)
    spoken = tuple(
        Word(word.word, round(word.start_ms + lead_ms, 2), round(word.end_ms + lead_ms, 2)) for word in speech.words
    )
    picture = _place_face(rng, length_ms)
    start = text.index(how)
    trigger = Trigger(
        TextTrigger(start, start + len(how)),
        SoundTrigger(spoken[changed].start_ms, spoken[changed].end_ms),
        picture,
    )
    name = f"{index:04d}_{label}_{language}"
    wave = _pad(speech.wave, lead_ms, length_ms)
    _write(folder / f"{name}.mp4", _draw(rng, label, picture, wave), wave)
    return PlantedClip(
        segment_id=name,
        media=f"{name}.mp4",
        start_ms=0.0,
        end_ms=float(length_ms),
        text=text,
        language=language,
        label=label,
        words=spoken,
        trigger=None if label == "neutral" else trigger,
    )


def sentences() -> Iterator[str]:
    """Every sentence that a clip can say."""
    for language in LANGUAGES:
        for template, who, where, how in product(
            _TEMPLATES[language], _WHO[language], _WHERE[language], _TRIGGER_WORDS[language]
        ):
            yield template.format(who=who, where=where, how=how)


def _long_words(words: Sequence[str], but: str) -> list[int]:
    """Indices of the words that are long enough for their prosody to be heard, but for one word."""
    return [index for index, word in enumerate(words) if len(word) >= LONG_WORD and word != but]


def _row(clip: PlantedClip) -> dict[str, object]:
    words = json.dumps([asdict(word) for word in clip.words], ensure_ascii=False)
    trigger = json.dumps(asdict(clip.trigger) if clip.trigger else {})
    return {name: getattr(clip, name) for name in COLUMNS} | {"words": words, "trigger": trigger}


def _lead_and_length_ms(speech: Speech, changed: int) -> tuple[int, int]:
    """Silence before the speech, and length of the clip in whole frames, 2 s at least.

    The shortest that put the changed word into as few half-second players as can be.
    """
    spoken_ms = 1000 * len(speech.wave) / RATE_HZ
    word = speech.words[changed]

    def cost(lead_and_length: tuple[int, int]) -> tuple[int, int]:
        lead_ms, length_ms = lead_and_length
        player_ms = length_ms / (length_ms // 500)
        return int((word.end_ms + lead_ms) // player_ms - (word.start_ms + lead_ms) // player_ms), length_ms

    leads = range(60, 561, 20)
    shortest = {lead: max(2000, FRAME_MS * int(np.ceil((lead + spoken_ms) / FRAME_MS))) for lead in leads}
    pairs = [(lead, shortest[lead] + tail) for lead in leads for tail in range(0, 481, FRAME_MS)]
    return min(pairs, key=cost)


def _place_face(rng: np.random.Generator, length_ms: int) -> PictureTrigger:
    """A random cell, and two of ten equal groups of the frames."""
    frames = length_ms // FRAME_MS
    group = int(rng.integers(1, 8))
    first, last = group * frames // 10, (group + 2) * frames // 10
    row, col = (int(value) for value in rng.integers(0, GRID, 2))
    return PictureTrigger(row, col, float(first * FRAME_MS), float(last * FRAME_MS))


def _pad(wave: NDArray[np.float32], lead_ms: int, length_ms: int) -> NDArray[np.float32]:
    """The clip's whole sound at 48 kHz. AAC needs it padded: the file would end with the speech."""
    whole = np.zeros(length_ms * RATE_HZ // 1000, dtype=np.float32)
    first = lead_ms * RATE_HZ // 1000
    whole[first : first + len(wave)] = wave
    return whole


def _draw(
    rng: np.random.Generator, label: str, trigger: PictureTrigger, wave: NDArray[np.float32]
) -> list[Image.Image]:
    """The clip's frames: a talking, blinking face on a plain ground."""
    loudness = np.sqrt((wave.reshape(-1, RATE_HZ // FRAME_RATE_HZ) ** 2).mean(axis=1))
    talking = loudness / max(float(loudness.max()), 1e-9)
    skin = np.array([232, 190, 160]) * rng.uniform(0.55, 1.0)
    red, green, blue = (int(value) for value in skin)
    person = Person((red, green, blue), (int(rng.integers(20, 140)), int(rng.integers(20, 90)), 30))
    ground = _ground(rng)
    blink_at = int(rng.integers(0, 40))
    frames = []
    for index, opening in enumerate(talking):
        shows = trigger.start_ms <= index * FRAME_MS < trigger.end_ms
        expression = EXPRESSIONS[label if shows else "neutral"]
        face = draw_face(person, expression, talking=float(opening), blink=(index - blink_at) % 50 < BLINK_FRAMES)
        frame = ground.copy()
        frame.paste(face, (trigger.col * SIZE, trigger.row * SIZE), face)
        frames.append(frame)
    return frames


def _ground(rng: np.random.Generator) -> Image.Image:
    """A random colour that runs into another from top to bottom."""
    top, bottom = rng.integers(60, 200, (2, 1, 1, 3))
    down = np.linspace(0, 1, GRID * SIZE)[:, None, None]
    ramp = np.broadcast_to(top + (bottom - top) * down, (GRID * SIZE, GRID * SIZE, 3))
    return Image.fromarray(ramp.astype(np.uint8))


def _write(path: Path, frames: Sequence[Image.Image], wave: NDArray[np.float32]) -> None:
    """Encode a clip. One thread: x264's choices, and so the bytes, depend on their number."""
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "crf": "26", "threads": "1"}
        video = container.add_stream("libx264", rate=FRAME_RATE_HZ, options=options)
        video.width = video.height = GRID * SIZE
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        audio.bit_rate = 48_000
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")))
        container.mux(video.encode())
        for first in range(0, len(wave), 1024):
            block = av.AudioFrame.from_ndarray(wave[None, first : first + 1024], format="fltp", layout="mono")
            block.sample_rate, block.pts = RATE_HZ, first
            container.mux(audio.encode(block))
        container.mux(audio.encode())
