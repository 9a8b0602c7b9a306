import multiprocessing
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from media.errors import CorpusError
from media.planted import speech as planted_speech
from media.planted.speech import PEAK, RATE_HZ, espeak_folders, speak
from media.planted.voice import PROSODIES, VARIANTS, Prosody, Voice

WORDS = ("the", "minister", "wrote", "us", "about", "a", "programme", "near", "the", "harbour")
PLANTED = WORDS.index("programme")
VOICE = Voice("f4", 45, 215)
HIGHER, LOWER = ("joy", "surprise", "fear"), ("sadness", "disgust")


def say(**changes):
    return speak(WORDS, language="en", voice=VOICE, changes={PLANTED: Prosody(**changes)} if changes else {})


@pytest.fixture(scope="module")
def plain():
    return say()


@pytest.fixture(scope="module")
def emotional():
    return {
        label: speak(WORDS, language="en", voice=VOICE, changes={PLANTED: prosody})
        for label, prosody in PROSODIES.items()
    }


def sound_of(spoken, first, last):
    start, end = (round(RATE_HZ * ms / 1000) for ms in (spoken.words[first].start_ms, spoken.words[last].end_ms))
    return spoken.wave[start:end].astype(float)


def planted(spoken):
    return sound_of(spoken, PLANTED, PLANTED)


def before(spoken):
    return sound_of(spoken, 0, PLANTED - 1)


def rms(samples):
    return np.sqrt((samples**2).mean())


def pitch_hz(samples):
    """Median over voiced stretches of 50 ms of the lag at which they best repeat."""
    size, found = RATE_HZ // 20, []
    for start in range(0, len(samples) - size + 1, size // 2):
        part = samples[start : start + size] - samples[start : start + size].mean()
        alike = np.fft.irfft(np.abs(np.fft.rfft(part, 2 * size)) ** 2)[:size]
        shortest = RATE_HZ // 500
        lag = shortest + int(alike[shortest : RATE_HZ // 60].argmax())
        if alike[lag] > 0.5 * alike[0]:
            found.append(RATE_HZ / lag)
    return np.median(found)


def test_words_follow_one_another_through_the_wave(plain):
    assert tuple(word.word for word in plain.words) == WORDS
    assert plain.words[0].start_ms >= 0
    assert all(word.start_ms < word.end_ms == later.start_ms for word, later in pairwise(plain.words))
    assert plain.words[-1].end_ms <= 1000 * len(plain.wave) / RATE_HZ <= plain.words[-1].end_ms + 121
    assert plain.wave.dtype == np.float32
    assert np.abs(plain.wave).max() == pytest.approx(PEAK, rel=0.1)


@pytest.mark.parametrize("label", [*HIGHER, *LOWER])
def test_the_pitch_of_the_planted_word_changes_and_that_of_the_others_does_not(plain, emotional, label):
    ratio = pitch_hz(planted(emotional[label])) / pitch_hz(planted(plain))
    assert ratio > 1.1 if label in HIGHER else ratio < 0.93
    assert pitch_hz(before(emotional[label])) == pytest.approx(pitch_hz(before(plain)), rel=0.05)


@pytest.mark.parametrize("label", ["anger", "sadness"])
def test_the_loudness_of_the_others_does_not_change(plain, emotional, label):
    assert rms(before(emotional[label])) == pytest.approx(rms(before(plain)), rel=0.1)


@pytest.mark.parametrize(("label", "lowest", "highest"), [("anger", 2.0, 20.0), ("sadness", 0.1, 0.7)])
def test_the_loudness_of_the_planted_word_changes_against_the_others(plain, emotional, label, lowest, highest):
    louder = [rms(planted(spoken)) / rms(before(spoken)) for spoken in (emotional[label], plain)]
    assert lowest < louder[0] / louder[1] < highest


def test_the_rate_of_the_planted_word_changes_and_that_of_the_others_does_not(plain):
    slow = say(rate_percent=80)
    assert len(planted(slow)) > 1.15 * len(planted(plain))
    assert len(before(slow)) == pytest.approx(len(before(plain)), rel=0.02)


def test_a_voice_is_its_pitch_and_its_rate(plain):
    high, slow = (
        speak(WORDS, language="en", voice=voice, changes={})
        for voice in (replace(VOICE, pitch=70), replace(VOICE, words_per_minute=150))
    )
    assert pitch_hz(high.wave) > 1.1 * pitch_hz(plain.wave)
    assert len(slow.wave) > 1.2 * len(plain.wave)


def test_espeak_has_all_voices_that_clips_use():
    known = {file.name for file in (Path(espeak_folders()[1]) / "voices" / "!v").iterdir()}
    assert {variant for variants in VARIANTS.values() for variant in variants} <= known


def test_a_fresh_process_speaks_the_same_with_the_same_breath_at_any_time():
    breathy = {"language": "en", "voice": replace(VOICE, variant="f5"), "changes": {}}
    context = multiprocessing.get_context("forkserver")
    with context.Pool(1, maxtasksperchild=1) as pool:
        one = pool.apply(speak, (WORDS,), breathy)
        time.sleep(1.1)  # espeak's clock has seconds
        other = pool.apply(speak, (WORDS,), breathy)
    np.testing.assert_array_equal(one.wave, other.wave)


def test_markup_in_a_word_is_spoken_not_obeyed():
    _, markup, _ = speak(("a", "<b>", "c"), language="en", voice=VOICE, changes={}).words
    assert markup.end_ms - markup.start_ms > 50


def test_a_language_that_espeak_lacks_is_named():
    with pytest.raises(CorpusError, match=r"'zz\+f4'.*Install it anew"):
        speak(WORDS, language="zz", voice=VOICE, changes={})


def test_missing_data_are_named(monkeypatch, tmp_path):
    library, _ = espeak_folders()
    monkeypatch.setattr(planted_speech, "espeak_folders", lambda: (library, str(tmp_path)))
    with pytest.raises(CorpusError, match=str(tmp_path)):
        say()


def test_speaking_again_after_a_failure_works(plain):
    with pytest.raises(CorpusError):
        speak(WORDS, language="zz", voice=VOICE, changes={})
    assert len(say().wave) == pytest.approx(len(plain.wave), rel=0.01)
