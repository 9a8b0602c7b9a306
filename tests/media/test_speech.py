"""A file is heard block by block, as if at once; what nobody said is left out."""

import os
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from media.errors import MediaError
from media.listening import CARRIED_MS, words_in
from media.passage import Dropped, HeardWord, Passage, is_speech, utterances_of
from media.sound_stream import RATE_HZ, Piece, sound_pieces
from media.speech import FasterWhisper, check_model, load_recogniser
from media.stretch import Voice, settled, stretches
from media.utterance import Word

BLOCK_MS = 40_000.0


def heard(word, start, end, probability=0.9, *, spaced=True):
    return HeardWord(word, start, end, probability, spaced=spaced, language="nl", logprob=-0.3, no_speech=0.1)


def passage(words, start_ms=0.0, end_ms=400.0):
    return Passage(tuple(words), -0.3, 0.1, 1.0, start_ms, end_ms)


class LoudnessIsWords:
    """Hears a word wherever the wave isn't 0, named after its height: what is cut off has another length."""

    def __init__(self):
        self.asked = []

    def hear(self, wave, start_ms, language):  # noqa: ARG002  # as the protocol has it
        self.asked.append(len(wave))
        edges = np.flatnonzero(np.diff(np.concatenate([[0], wave, [0]])))
        words = []
        for first, last in pairwise(edges):
            if wave[first]:
                times = (round(start_ms + 1000 * at / RATE_HZ, 1) for at in (first, last))
                words.append(heard(f"{wave[first]:.3f}", *times))
        yield passage(words)


def sound(seconds, *, longest_gap_ms, seed):
    """A wave of words: heights that aren't 0, from 80 ms on, with gaps."""
    rng = np.random.default_rng(seed)
    wave = np.zeros(seconds * RATE_HZ, dtype=np.float32)
    at = int(rng.integers(0, 8000))
    while at < len(wave):
        end = at + int(rng.integers(1280, 12_000))
        wave[at:end] = rng.uniform(0.1, 1)
        at = end + int(rng.integers(160, 16 * longest_gap_ms))
    return wave


def pieces(wave, size=1000, start=0):
    return [Piece(start + at, wave[at : at + size]) for at in range(0, len(wave), size)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("longest_gap_ms", [300, 2000, 60_000])
def test_blocks_give_the_same_utterances_as_one_block(seed, longest_gap_ms):
    wave = sound(400, longest_gap_ms=longest_gap_ms, seed=seed)
    whole = list(utterances_of(words_in(pieces(wave), LoudnessIsWords(), "nl", 10_000_000)))
    parts = list(utterances_of(words_in(pieces(wave), LoudnessIsWords(), "nl", BLOCK_MS)))
    assert parts == whole
    assert parts


def test_the_recogniser_is_asked_for_a_block_at_a_time():
    listener = LoudnessIsWords()
    wave = sound(400, longest_gap_ms=60_000, seed=1)
    list(words_in(pieces(wave), listener, "nl", BLOCK_MS))
    most = BLOCK_MS * RATE_HZ / 1000
    assert len(listener.asked) > 400_000 / BLOCK_MS
    assert max(listener.asked) <= most + 1000
    # Each block but the last brings at least what isn't carried over.
    assert len(listener.asked) <= 1 + 400_000 / (BLOCK_MS - CARRIED_MS)


def test_speech_without_a_gap_is_cut_all_the_same():
    wave = np.full(100 * RATE_HZ, 0.5, dtype=np.float32)
    words = list(words_in(pieces(wave), LoudnessIsWords(), "nl", BLOCK_MS))
    assert words[-1].end_ms == 100_000


def test_what_follows_a_hole_is_heard_by_itself_in_the_files_time():
    wave = sound(5, longest_gap_ms=300, seed=3)
    listener = LoudnessIsWords()
    both = list(words_in([*pieces(wave), *pieces(wave, start=RATE_HZ * 3600)], listener, "nl", BLOCK_MS))
    assert listener.asked == [len(wave), len(wave)]
    first, second = both[: len(both) // 2], both[len(both) // 2 :]
    assert [word.start_ms + 3_600_000 for word in first] == [word.start_ms for word in second]


def test_blocks_must_be_longer_than_what_is_carried_over():
    with pytest.raises(ValueError, match="longer than"):
        list(words_in([], LoudnessIsWords(), "nl", CARRIED_MS))


PASSAGE = Passage((heard("Oh", 0, 400, 0.01),), -1.16, 0.59, 0.5, 0.0, 400.0)


def test_the_flutes_oh_is_left_out():
    assert not is_speech(PASSAGE)


@pytest.mark.parametrize(
    "passage",
    [
        replace(PASSAGE, logprob=-0.4, no_speech=0.1),
        replace(PASSAGE, no_speech=0.1, words=(heard("Oh", 0, 400, 0.8),)),
        replace(PASSAGE, logprob=-0.4, words=(heard("Oh", 0, 400, 0.8),)),
    ],
)
def test_a_single_doubt_is_none(passage):
    assert is_speech(passage)


def test_a_loop_is_left_out_however_sure():
    assert not is_speech(replace(PASSAGE, logprob=-0.1, no_speech=0.0, compression=5.0))


def test_an_utterance_reads_as_it_was_heard_and_bears_its_worst_figures():
    words = [heard("well", 0, 300), replace(heard("-known", 300, 600, spaced=False), logprob=-0.9, no_speech=0.4)]
    (found,) = utterances_of(words)
    assert found.utterance.text == "well-known"
    assert found.utterance.words[0] == Word("well", 0, 300, 0.9)
    assert (found.language, found.logprob, found.no_speech) == ("nl", -0.9, 0.4)


def test_a_word_without_length_is_no_utterance():
    assert list(utterances_of([heard("Oh", 500, 500)])) == []


class Whisper:
    """Says what the sound's height stands for, and of a refrain in one window what Whisper says: it is a loop."""

    NAMES = (("nl", 0.95), ("en", 0.9), ("vi", 0.3))

    def __init__(self, *, deaf_to=()):
        self.deaf_to = deaf_to
        self.asked = []

    def detect_language(self, wave):
        language, probability = self.NAMES[round(float(wave[0])) - 1]
        return language, probability, []

    def transcribe(self, wave, *, language, **options):
        self.asked.append((len(wave) / RATE_HZ, language, options["temperature"]))
        edges = np.flatnonzero(np.diff(np.concatenate([[0], wave, [0]])))
        spans = [(a / RATE_HZ, b / RATE_HZ, float(wave[a])) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        figures = {"avg_logprob": -0.2, "no_speech_prob": 0.1}
        figures["compression_ratio"] = 3.0 if len(spans) > len({height for _, _, height in spans}) else 1.0
        return iter(self._segments(spans, figures)), None

    def _segments(self, spans, figures):
        for start, end, height in spans:
            if height not in self.deaf_to:
                word = SimpleNamespace(
                    word=f" {height:g}", start=np.float64(start), end=np.float64(end), probability=0.5
                )
                yield SimpleNamespace(words=[word], start=start, end=end, **figures)


def hears(whisper, spoken, language=None, start_ms=60_000.0):
    """What is heard where somebody speaks: (start, end, height) in s."""
    wave = np.zeros(100 * RATE_HZ, dtype=np.float32)
    for start, end, height in spoken:
        wave[start * RATE_HZ : end * RATE_HZ] = height
    voices = [Voice(start * RATE_HZ, end * RATE_HZ) for start, end, _ in spoken]
    return list(FasterWhisper(whisper, lambda _: voices).hear(wave, start_ms, language))


def test_words_of_faster_whisper_stand_in_the_files_time():
    (found,) = hears(Whisper(), [(10, 12, 1)])
    (word,) = found.words
    assert (word.word, word.start_ms, word.end_ms, word.language) == ("1", 70_000.0, 72_000.0, "nl")
    assert (found.start_ms, found.end_ms) == (70_000.0, 72_000.0)


def test_each_stretch_is_heard_in_its_own_language_and_an_unsure_one_in_that_before():
    whisper = Whisper()
    found = hears(whisper, [(1, 3, 3), (4, 6, 1), (7, 9, 3), (10, 12, 2), (20, 22, 3)])
    assert [one.words[0].language for one in found] == ["nl", "nl", "nl", "en", "en"]
    # A refrain (the first and third are alike) is heard again voice by voice.
    assert whisper.asked == [(8, "nl", 0.0)] + [(2, "nl", 0.0)] * 3 + [(2, "en", 0.0)] * 2


def test_a_language_that_is_given_isnt_detected():
    whisper = Whisper()
    hears(whisper, [(1, 3, 1), (4, 6, 2)], "fr")
    assert whisper.asked == [(5, "fr", 0.0)]


def test_what_is_really_said_again_and_again_is_no_loop():
    found = hears(Whisper(), [(1, 3, 1), (4, 6, 1), (7, 9, 1)])
    assert [(one.words[0].start_ms, is_speech(one)) for one in found] == [
        (61_000, True),
        (64_000, True),
        (67_000, True),
    ]


def test_a_voice_in_which_no_word_is_heard_is_counted():
    spoken = [(1, 3, 1), (4, 6, 2), (7, 8, 2)]
    wave = np.zeros(10 * RATE_HZ, dtype=np.float32)
    for start, end, height in spoken:
        wave[start * RATE_HZ : end * RATE_HZ] = height
    voices = [Voice(start * RATE_HZ, end * RATE_HZ) for start, end, _ in spoken]
    dropped = Dropped()
    recogniser = FasterWhisper(Whisper(deaf_to=(2,)), lambda _: voices)
    words = list(words_in(pieces(wave), recogniser, "nl", dropped=dropped))
    assert [word.word for word in words] == ["1"]
    assert (dropped.passages, dropped.seconds) == (2, 3.0)


def test_what_is_heard_twice_is_counted_once():
    class Noise:
        def hear(self, wave, start_ms, language):  # noqa: ARG002  # as the protocol has it
            for at_ms in range(int(start_ms), int(start_ms + 1000 * len(wave) / RATE_HZ), 1000):
                yield passage([], at_ms, at_ms + 500)

    dropped = Dropped()
    wave = np.ones(95 * RATE_HZ, dtype=np.float32)
    assert list(words_in(pieces(wave), Noise(), "nl", BLOCK_MS, dropped)) == []
    assert dropped.seconds == pytest.approx(95 / 2, abs=1.5)  # those that a block's cut divides count on both sides


def test_stretches_end_at_longer_silences_and_at_a_windows_length():
    seconds = [(0, 10), (11, 20), (22, 24), (25, 45), (46, 56)]
    voices = [Voice(start * RATE_HZ, end * RATE_HZ) for start, end in seconds]
    found = list(stretches(voices, ["nl"] * 5))
    assert [(one.start // RATE_HZ, one.end // RATE_HZ) for one in found] == [(0, 20), (22, 45), (46, 56)]


@pytest.mark.parametrize(
    ("guesses", "languages"),
    [
        ([], []),
        ([("en", 0.9), ("vi", 0.3), ("nl", 0.8), ("en", 0.49)], ["en", "en", "nl", "nl"]),
        ([("vi", 0.3), ("nl", 0.8)], ["nl", "nl"]),
        ([("vi", 0.2), ("en", 0.4), ("ja", 0.1)], ["en", "en", "en"]),
    ],
)
def test_an_unsure_language_is_the_last_sure_one(guesses, languages):
    assert settled(guesses) == languages


@pytest.mark.parametrize("rate", [48_000, 44_100, 8000])
@pytest.mark.parametrize("suffix", [".flac", ".mkv"])
def test_sound_is_resampled_in_place(tmp_path, write_media, rate, suffix):
    wave = np.zeros((2, 3 * rate), dtype=np.int16)
    wave[:, rate : 2 * rate] = (8000 * np.sin(np.arange(rate) * 2 * np.pi * 440 / rate)).astype(np.int16)
    path = write_media(tmp_path / f"tone{suffix}", wave=wave, wave_rate_hz=rate)
    found = list(sound_pieces(path))
    assert all(before.end == after.start for before, after in pairwise(found))
    samples = np.concatenate([piece.wave for piece in found])
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    assert abs(len(samples) - 3 * RATE_HZ) < 20
    assert abs(loud[0] - RATE_HZ) < 20
    assert abs(loud[-1] - 2 * RATE_HZ) < 20


def test_a_picture_without_sound_has_no_pieces(tmp_path, write_media):
    assert list(sound_pieces(write_media(tmp_path / "silent.mp4", frames=5))) == []


def test_a_name_isnt_looked_up_and_says_where_to_put_the_model():
    with pytest.raises(MediaError, match=r"aren't looked up. Download .* --speech-model FOLDER"):
        load_recogniser(Path("large-v3"))


def test_a_model_folder_without_its_files_names_them(tmp_path):
    (tmp_path / "config.json").touch()
    (tmp_path / "vocabulary.json").touch()
    with pytest.raises(MediaError, match=r"lacks model.bin, tokenizer.json\."):
        check_model(tmp_path)


def test_without_faster_whisper_it_says_what_to_install(tmp_path, monkeypatch):
    for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).touch()
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(MediaError, match="pip install 'mmexplain\\[asr\\]'"):
        load_recogniser(tmp_path)


@pytest.mark.skipif(
    "MMEXPLAIN_TEST_SPEECH_MODEL" not in os.environ or "MMEXPLAIN_TEST_MEDIA" not in os.environ,
    reason="MMEXPLAIN_TEST_SPEECH_MODEL names no Whisper model, or MMEXPLAIN_TEST_MEDIA no folder with jfk.flac",
)
def test_a_known_speech_is_heard():
    pytest.importorskip("faster_whisper", reason="the extra asr isn't installed")
    recogniser = load_recogniser(Path(os.environ["MMEXPLAIN_TEST_SPEECH_MODEL"]))
    found = list(
        utterances_of(words_in(sound_pieces(Path(os.environ["MMEXPLAIN_TEST_MEDIA"]) / "jfk.flac"), recogniser))
    )
    said = " ".join(one.utterance.text for one in found).lower().replace(",", "").replace(".", "")
    known = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
    assert said == known
    assert {one.language for one in found} == {"en"}
    # He pauses after "Americans", from 2.1 to 3.3 s.
    assert found[0].utterance.text.endswith("Americans,")
    assert abs(found[1].utterance.start_ms - 3300) < 200
