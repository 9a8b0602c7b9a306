"""One planted clip: what is said and shown in it, and what was planted."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np

from media.errors import CorpusError
from media.modality import MODALITIES, Modality
from media.planted.mp4 import FRAME_MS, FRAME_RATE_HZ, write_mp4
from media.planted.scene import draw_moment, draw_scene
from media.planted.sentences import LANGUAGES, Language, Sentence, Split, write_sentence
from media.planted.soundtrack import lay, talking
from media.planted.speech import RATE_HZ, Speech, speak
from media.planted.trigger import AudioTrigger, Trigger, VideoTrigger
from media.planted.voice import PROSODIES, draw_emphasis, draw_voice
from media.utterance import Word

LABELS: Final = ("neutral", "sadness", "anger", "joy", "surprise", "fear", "disgust")
"""In MELD's order."""
CARRIERS: Final[tuple[tuple[Modality, ...], ...]] = tuple(
    tuple(m for m, carries in zip(MODALITIES, chosen, strict=True) if carries)
    for chosen in sorted(product((False, True), repeat=len(MODALITIES)), key=sum)
    if any(chosen)
)
"""What may carry an emotion: one, two or all three modalities."""

SHORTEST_MS: Final = 2000
LONGEST_MS: Final = 6000
PLAYER_MS: Final = 500
"""Least length of a sound player: a clip has its length over this many, rounded down."""
_LONG_WORD = 5
"""Letters of a word whose prosody can be heard."""
_LEAST_LEAD_MS, _LEAD_STEP_MS = 60, 20
"""The silence before the speech is this long, or some steps longer."""
_MOST_SILENCE_MS = 600
"""What a clip may be longer than the shortest that holds its speech."""
_MOST_TOUCHED = 0.25
"""Share of a clip's sound players that its planted word may touch."""


@dataclass(frozen=True)
class Kind:
    """What a clip is to be."""

    label: str
    language: Language
    carriers: tuple[Modality, ...]
    """Empty for a neutral clip."""


KINDS: Final = tuple(
    Kind(label, language, () if label == "neutral" else carriers)
    for carriers in CARRIERS
    for label in LABELS
    for language in LANGUAGES
)
"""All of them, as a corpus has them in turn: each label as often as the others, in each language."""


@dataclass(frozen=True)
class PlantedClip:
    """One clip, a row of the manifest."""

    segment_id: str
    media: str
    """File name, relative to the manifest."""
    start_ms: float
    end_ms: float
    text: str
    language: str
    label: str
    words: tuple[Word, ...]
    trigger: Trigger
    split: Split
    voice: str
    person: int


def make_clip(folder: Path, index: int, kind: Kind, split: Split, seed: int) -> PlantedClip:
    """Make one clip of a corpus; in a process that hasn't spoken yet its content depends on the arguments alone.

    Raises:
        CorpusError: espeak-ng isn't installed, doesn't start or doesn't speak.
    """
    rng = np.random.default_rng([seed, index, split == "test"])
    sentence = write_sentence(rng, kind.language, split, kind.label if "text" in kind.carriers else "neutral")
    coloured, emphasised = _draw_words(rng, sentence)
    planted = coloured if "audio" in kind.carriers else None
    changes = {emphasised: draw_emphasis(rng)}
    if planted is not None:
        changes[planted] = PROSODIES[kind.label]
    voice = draw_voice(rng, split)
    speech = speak(sentence.words, language=kind.language, voice=voice, changes=changes)
    lead_ms, length_ms = _draw_times(rng, speech, coloured)
    words = tuple(Word(w.word, round(w.start_ms + lead_ms, 2), round(w.end_ms + lead_ms, 2)) for w in speech.words)
    scene = draw_scene(rng, split)
    place = (scene.speaker.row, scene.speaker.column)
    moment = draw_moment(rng, length_ms // FRAME_MS)
    trigger = Trigger(
        text=sentence.trigger,
        audio=None if planted is None else AudioTrigger(words[planted].start_ms, words[planted].end_ms),
        video=VideoTrigger(*place, *moment) if "video" in kind.carriers else None,
    )
    wave = lay(rng, speech.wave, lead_ms, length_ms)
    name = f"{split}_{index:05d}_{kind.label}_{kind.language}"
    frames = scene.frames(kind.label, trigger.video, talking(wave, FRAME_RATE_HZ))
    write_mp4(folder / f"{name}.mp4", frames, wave, RATE_HZ)
    return PlantedClip(
        segment_id=name,
        media=f"{name}.mp4",
        start_ms=0.0,
        end_ms=float(length_ms),
        text=sentence.text,
        language=kind.language,
        label=kind.label,
        words=words,
        trigger=trigger,
        split=split,
        voice=voice.variant,
        person=scene.person_id,
    )


def _draw_words(rng: np.random.Generator, sentence: Sentence) -> tuple[int, int]:
    """Two different words, none of them the one in the slot: to carry the emotion, and to emphasise.

    Long ones, whose prosody can be heard, where there are two.
    """
    long = [i for i, word in enumerate(sentence.words) if len(word.strip(",")) >= _LONG_WORD and i != sentence.slot]
    others = [i for i in range(len(sentence.words)) if i != sentence.slot and i not in long]
    first, second = (int(i) for i in [*rng.permutation(long), *rng.permutation(others)][:2])
    return first, second


def _draw_times(rng: np.random.Generator, speech: Speech, word: int) -> tuple[int, int]:
    """Silence before the speech, and length of the clip in whole frames, both in ms.

    Such that the word that may carry the emotion touches at most a quarter of the sound's players; of all such
    pairs with the least silence possible, and those with little more, one at random.

    Raises:
        CorpusError: there is no such pair: the speech, or the planted word, is too long.
    """
    spoken_ms = 1000 * len(speech.wave) / RATE_HZ
    pairs = [
        (lead, length)
        for lead in range(_LEAST_LEAD_MS, LONGEST_MS, _LEAD_STEP_MS)
        for length in range(SHORTEST_MS, LONGEST_MS + 1, FRAME_MS)
        if lead + spoken_ms <= length and _fits(speech.words[word], lead, length)
    ]
    if not pairs:
        said = " ".join(word.word for word in speech.words)
        raise CorpusError(
            f"'{said}' takes {spoken_ms:.0f} ms, and with it or its planted word no clip of at most {LONGEST_MS} ms "
            "can be made. Shorten the sentence, or let the voice speak faster."
        )
    least = min(length for _, length in pairs)
    near = [(lead, length) for lead, length in pairs if length <= least + _MOST_SILENCE_MS]
    return near[int(rng.integers(len(near)))]


def _fits(word: Word, lead_ms: int, length_ms: int) -> bool:
    players = length_ms // PLAYER_MS
    player_ms = length_ms / players
    touched = int((word.end_ms + lead_ms) // player_ms) - int((word.start_ms + lead_ms) // player_ms) + 1
    return touched <= players * _MOST_TOUCHED
