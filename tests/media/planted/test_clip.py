from collections import Counter
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest

from batcher.players import audio_players, video_players
from media import Sound
from media.errors import CorpusError
from media.planted import clip as planted_clip
from media.planted.clip import CARRIERS, KINDS, LABELS, Kind
from media.planted.sentences import PUNCTUATION, WORDS
from media.planted.soundtrack import talking
from media.planted.speech import Speech
from media.planted.voice import PROSODIES
from media.utterance import Word
from sseft.config import MELD_LABELS


def same_scene(one, other):
    return asdict(one) == asdict(other)


def test_labels_stand_in_the_order_of_the_models_outputs():
    assert LABELS == MELD_LABELS


def test_kinds_hold_labels_languages_and_carriers_equally_often(all_carriers):
    assert sorted(CARRIERS) == sorted(all_carriers)
    assert set(Counter((kind.label, kind.language) for kind in KINDS).values()) == {7}
    assert {(kind.label, kind.language) for kind in KINDS} == {(label, lang) for label in LABELS for lang in WORDS}
    emotional = [kind for kind in KINDS if kind.label != "neutral"]
    assert len(emotional) == len(set(emotional)) == 6 * 2 * 7
    assert {kind.carriers for kind in emotional} == set(all_carriers)
    assert {kind.carriers for kind in KINDS if kind.label == "neutral"} == {()}


def test_what_carries_the_emotion_has_a_trigger_and_nothing_else_has(made):
    assert len(made) == 49
    for one in made:
        assert one.clip.trigger.carriers == one.kind.carriers
        assert (one.clip.label == "neutral") == (one.clip.trigger.carriers == ())


def test_clips_last_two_to_six_seconds_in_whole_frames(made):
    for one in made:
        assert one.clip.start_ms == 0
        assert 2000 <= one.clip.end_ms <= 6000
        assert one.clip.end_ms % 40 == 0
        assert len(one.wave) == 48 * one.clip.end_ms


def test_words_follow_one_another_inside_the_clip_and_make_its_text(made):
    for one in made:
        words = one.clip.words
        # espeak speaks some pairs as one: the second has no length then.
        assert all(word.start_ms < word.end_ms or len(word.word) <= 3 for word in words)
        assert all(word.end_ms == later.start_ms for word, later in pairwise(words))
        assert words[0].start_ms >= 0
        assert words[-1].end_ms <= one.clip.end_ms
        spoken = " ".join(word.word for word in words)
        mark = one.clip.text.removeprefix(spoken)
        assert mark in {".", *PUNCTUATION.values()}
        assert one.clip.text == spoken + mark


def test_the_texts_trigger_is_a_word_or_a_mark_of_the_label(made):
    found = Counter()
    for one in made:
        span = one.clip.trigger.text
        if span is None:
            continue
        said = one.clip.text[span.char_start : span.char_end]
        is_word = said in WORDS[one.clip.language][one.clip.label]
        assert is_word or (said == PUNCTUATION[one.clip.label].strip() and span.char_end == len(one.clip.text))
        found[is_word] += 1
    assert min(found[True], found[False]) > 0


def test_a_text_that_carries_nothing_holds_no_word_or_mark_of_an_emotion(made):
    for one in made:
        if "text" in one.kind.carriers:
            continue
        emotional = {word for label, words in WORDS[one.clip.language].items() if label != "neutral" for word in words}
        assert not emotional & {word.word.strip(",") for word in one.clip.words}
        assert not any(one.clip.text.endswith(mark) for mark in PUNCTUATION.values())


def test_the_planted_word_touches_at_most_a_quarter_of_the_sounds_players(made):
    spans = [(one.clip.trigger.audio, one.clip) for one in made if one.clip.trigger.audio]
    assert len(spans) == 24
    for span, clip in spans:
        assert (span.start_ms, span.end_ms) in {(word.start_ms, word.end_ms) for word in clip.words}
        assert span.end_ms - span.start_ms > 50
        players = audio_players(Sound(np.zeros(round(16 * clip.end_ms), np.float32), 0.0, cut=False), 16_000)
        inside = players.positions[int(16 * span.start_ms) : int(np.ceil(16 * span.end_ms))]
        touched = {player.index for player in players.described if span.touches(asdict(player))}
        assert touched == set(inside.tolist())
        assert 4 * len(touched) <= players.n


def test_the_planted_word_is_spoken_with_the_labels_prosody_and_another_with_none(made):
    for one in made:
        planted = {at for at, prosody in one.changes.items() if prosody in PROSODIES.values()}
        span = one.clip.trigger.audio
        times = [] if span is None else [(span.start_ms, span.end_ms)]
        assert [(one.clip.words[at].start_ms, one.clip.words[at].end_ms) for at in planted] == times
        assert all(one.changes[at] == PROSODIES[one.clip.label] for at in planted)
        assert len(one.changes) == len(planted) + 1


def test_the_voice_never_changes_a_word_that_carries_the_texts_emotion(made):
    for one in made:
        changed = {one.clip.words[at].word.strip(",") for at in one.changes}
        assert not changed & {word for words in WORDS[one.clip.language].values() for word in words}


def test_the_faces_trigger_is_two_of_ten_groups_of_frames_and_one_of_sixteen_cells(made, blank_video):
    spans = [(one.clip.trigger.video, one) for one in made if one.clip.trigger.video]
    assert len(spans) == 24
    for span, one in spans:
        video = blank_video(round(one.clip.end_ms / 40))
        touched = {}
        for kind in ("time", "space", "space-time"):
            players = map(asdict, video_players(video, kind).described)
            touched[kind] = [player for player in players if span.touches(player)]
        first, second = touched["time"]
        assert (first["start_ms"], first["end_ms"], second["end_ms"]) == (
            span.start_ms,
            second["start_ms"],
            span.end_ms,
        )
        (cell,) = touched["space"]
        assert (cell["row"], cell["column"]) == (one.scene.speaker.row, one.scene.speaker.column)
        assert len(touched["space-time"]) == 2


def test_the_picture_is_that_of_the_scene_whose_speaker_shows_the_label(make):
    one = make(0, Kind("anger", "en", ("video",)))
    expected = one.scene.frames("anger", one.clip.trigger.video, talking(one.wave, 25))
    for got, frame in zip(one.frames, expected, strict=True):
        np.testing.assert_array_equal(np.asarray(got), np.asarray(frame))


@pytest.mark.parametrize("carrier", ["text", "audio", "video"])
def test_only_the_carrier_tells_one_label_from_another(make, carrier):
    first, *others = [make(3, Kind(label, "en", (carrier,)), seed=4) for label in LABELS[1:]]
    (emphasis,) = (at for at, prosody in first.changes.items() if prosody not in PROSODIES.values())
    in_slots = {word for words in WORDS["en"].values() for word in words}
    for other in others:
        assert other.voice == first.voice
        assert same_scene(other.scene, first.scene)
        assert other.changes[emphasis] == first.changes[emphasis]
        if carrier == "text":
            around = [[w.word for w in one.clip.words if w.word not in in_slots] for one in (first, other)]
            assert around[0] == around[1]
        else:
            assert other.clip.text == first.clip.text
        if carrier == "video":
            assert other.clip.trigger == first.clip.trigger
            assert len(other.wave) == len(first.wave)


def test_another_seed_index_or_split_makes_another_clip(make):
    kind = Kind("sadness", "nl", ("text", "video"))
    clips = [make(*which) for which in [(1, kind), (2, kind), (1, kind, "test"), (1, kind, "train", 1)]]
    for i, one in enumerate(clips):
        for other in clips[:i]:
            assert one.clip.words != other.clip.words
            assert not same_scene(one.scene, other.scene)
            assert not np.array_equal(one.wave[:48_000], other.wave[:48_000])


def test_speech_that_no_clip_holds_is_refused_with_its_length(make, monkeypatch):
    endless = Speech(np.zeros(48 * 7000, np.float32), (Word("endless", 0.0, 6900.0),))
    monkeypatch.setattr(planted_clip, "speak", lambda *_, **__: endless)
    with pytest.raises(CorpusError, match=r"'endless' takes 7000 ms.*Shorten the sentence"):
        make(0, Kind("joy", "en", ("video",)))
