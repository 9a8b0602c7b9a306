from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from media.planted.trigger import Trigger, VideoTrigger
from sseft.training.planted.examples import NEUTRAL, half_seconds
from sseft.training.planted.variations import (
    FRAME_SAMPLES,
    HEARD_AFTER,
    LONGEST_WORD,
    MOST_SPEED,
    WINDOW,
    Heard,
    black_out,
    cut_window,
    draw_cells,
    hear_otherwise,
    label_tokens,
    mask_picture,
    mask_sound,
    say_otherwise,
    strange_ids,
)

FEAR = 5
WINDOW_FRAMES = WINDOW // FRAME_SAMPLES


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def strange(examples, config):
    return strange_ids(examples, config.tokens)


@pytest.fixture(scope="module")
def said(examples, strange, config):
    """The same text said otherwise, by the number of the example: token ids and which are the trigger."""
    rng = np.random.default_rng(0)
    return [[say_otherwise(example, rng, strange, config.text) for _ in range(300)] for example in examples]


@pytest.fixture(scope="module")
def tone(examples):
    """A sound of 3 s that is loud where its trigger is, from 1.25 to 1.75 s, and soft elsewhere."""
    wave = np.full(48_000, 0.1, dtype=np.float32)
    wave[20_000:28_000] = 1
    return replace(examples[1], source=replace(examples[1].source, label=FEAR), wave=wave, stretch=(20_000, 28_000))


@pytest.fixture
def white(examples):
    """Two white pictures; the second shows the trigger, in the cell of row 2 and column 1."""
    trigger = Trigger(video=VideoTrigger(2, 1, 1000.0, 2000.0))
    source = replace(examples[2].source, label=FEAR, trigger=trigger)
    pictures = np.full((2, 3, 256, 256), 255, dtype=np.uint8)
    return replace(examples[2], source=source, pictures=pictures, shown=np.array([False, True]))


def ordinary(example):
    """Ids of the tokens that carry nothing."""
    return example.source.words.ids[~example.tokens].tolist()


def runs(flags):
    """The first index of each run of True, and the one after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


# Text


def test_what_is_said_otherwise_keeps_the_trigger_or_hides_all_of_it(examples, said):
    example = examples[0]
    planted = example.source.words.ids[example.tokens].tolist()
    outcomes = Counter()
    for ids, trigger in said[0]:
        assert ids[trigger].tolist() in (planted, [])
        assert all(last - first == len(planted) for first, last in runs(trigger))
        assert not np.isin(ids[~trigger], [token for token in planted if token not in ordinary(example)]).any()
        outcomes[bool(trigger.any())] += 1
    assert outcomes[True] > 60 < outcomes[False]
    for texts in said[1:]:
        assert not any(trigger.any() for _, trigger in texts)


def test_no_word_is_put_in_that_carries_something_or_is_special(examples, said, strange, config):
    planted = {int(token) for example in examples for token in example.source.words.ids[example.tokens]}
    special = {0, 1, 2, config.text.mask_id}
    assert set(strange.tolist()) == set(range(config.text.vocab_size)) - planted - special
    for example, texts in zip(examples, said, strict=True):
        own = set(example.source.words.ids.tolist())
        put_in = {int(token) for ids, _ in texts for token in ids} - own - {config.text.mask_id}
        assert len(put_in) > 100
        assert not put_in & (planted | special)
        for ids, _ in texts:
            assert (ids[0], ids[-1]) == (0, 2)
            assert not np.isin(ids[1:-1], [0, 1, 2]).any()


def test_a_trailing_newline_stays_where_it_is_and_is_never_put_in(examples, rng, config):
    example, newline = examples[0], 329
    text = example.source.text
    at = len(text.ids) - 1
    line = replace(
        text,
        ids=np.insert(text.ids, at, newline),
        spans=np.insert(text.spans, at, -1, axis=0),
        special=np.insert(text.special, at, True),
    )
    line = replace(example, source=replace(example.source, text=line), tokens=np.insert(example.tokens, at, 0))
    strange = strange_ids([line], config.tokens)
    assert newline in strange_ids([example], config.tokens)
    assert newline not in strange
    for _ in range(100):
        ids, trigger = say_otherwise(line, rng, strange, config.text)
        assert ids[-2:].tolist() == [newline, 2]
        assert (ids == newline).sum() == 1
        assert label_tokens(line, trigger)[-2] == NEUTRAL


def test_a_word_becomes_up_to_four_and_a_text_may_stay_as_it_is(examples, said):
    for example, texts in zip(examples, said, strict=True):
        ids = example.source.words.ids
        lengths = [len(other) for other, _ in texts]
        words = int((~example.tokens).sum()) - 2
        assert min(lengths) == len(ids)
        assert len(ids) + words < max(lengths) <= len(ids) + (LONGEST_WORD - 1) * words
        assert all(len(trigger) == length for (_, trigger), length in zip(texts, lengths, strict=True))
        assert any(np.array_equal(other, ids) for other, _ in texts)


def test_one_token_becomes_one_to_four(examples, strange, say, config, rng):
    text = say("A")
    example = replace(examples[0], source=replace(examples[0].source, text=text), tokens=np.zeros(3, dtype=bool))
    said = [say_otherwise(example, rng, strange, config.text)[0] for _ in range(200)]
    assert {len(ids) - 2 for ids in said} == {1, 2, 3, LONGEST_WORD}


def test_the_label_stands_at_the_trigger_and_at_the_start(examples):
    joy = replace(examples[0], source=replace(examples[0].source, label=FEAR))
    trigger = np.array([False, False, True, True, False])
    assert label_tokens(joy, trigger).tolist() == [FEAR, NEUTRAL, FEAR, FEAR, NEUTRAL]
    assert label_tokens(joy, np.zeros(5, dtype=bool)).tolist() == [NEUTRAL] * 5


# Sound


def test_the_silent_half_seconds_hold_the_whole_trigger_or_nothing_of_it(tone, rng):
    parts = half_seconds(len(tone.wave))
    touched = parts[20_000], parts[27_999]
    outcomes = Counter()
    for _ in range(100):
        wave = mask_sound(tone, rng)
        kept = [bool(wave[parts == part].any()) for part in range(6)]
        np.testing.assert_array_equal(wave, np.where(np.repeat(kept, 8000), tone.wave, 0))
        assert kept[touched[0]] == kept[touched[1]]
        outcomes[kept[touched[0]]] += 1
    assert touched == (2, 3)
    assert outcomes[True] > 10 < outcomes[False]


def test_what_is_heard_is_labelled_a_little_after_where_it_is_loud(tone, rng):
    speeds, outcomes = [], Counter()
    for _ in range(200):
        heard = hear_otherwise(tone, rng)
        assert heard.wave.dtype == np.float32
        assert len(heard.labels) == len(heard.wave) // FRAME_SAMPLES
        labelled, loud = runs(heard.labels != NEUTRAL), runs(heard.wave > 0.55)
        assert len(labelled) == len(loud) <= 1
        outcomes[len(loud)] += 1
        for (first, last), samples in zip(labelled, loud, strict=True):
            assert set(heard.labels[first:last]) == {FEAR}
            for frame, sample in zip((first, last), samples, strict=True):
                assert abs(frame - HEARD_AFTER - sample / FRAME_SAMPLES) <= 1
            speeds.append(8000 / (samples[1] - samples[0]))
    assert 1 / MOST_SPEED - 0.001 < min(speeds) < 0.9
    assert 1.1 < max(speeds) < MOST_SPEED + 0.001
    assert outcomes[0] > 30 < outcomes[1]


def test_a_text_as_long_as_the_encoder_takes_keeps_its_length(examples, strange, config, rng):
    ids = examples[0].source.words.ids
    full = replace(config.text, max_tokens=len(ids))
    assert {len(say_otherwise(examples[0], rng, strange, full)[0]) for _ in range(50)} == {len(ids)}
    assert {len(say_otherwise(examples[0], rng, strange, config.text)[0]) for _ in range(50)} > {len(ids)}


def test_a_sound_without_a_trigger_is_neutral(examples, rng):
    for _ in range(20):
        assert not hear_otherwise(examples[2], rng).labels.any()


@pytest.mark.parametrize("told", [slice(0, 0), slice(0, 5), slice(100, 130), slice(295, 300)], ids=str)
def test_a_window_holds_the_same_labels_at_the_same_samples(rng, told):
    labels = np.zeros(300, dtype=np.int64)
    labels[told] = FEAR
    heard = Heard(np.arange(300 * FRAME_SAMPLES + 77, dtype=np.float32), labels)
    starts = set()
    for _ in range(100):
        window = cut_window(heard, rng)
        at = int(window.wave[0]) // FRAME_SAMPLES
        np.testing.assert_array_equal(window.wave, at * FRAME_SAMPLES + np.arange(WINDOW))
        np.testing.assert_array_equal(window.labels, labels[at : at + WINDOW_FRAMES])
        assert window.labels.any() == labels.any()
        starts.add(at)
    assert len(starts) > 1


def test_a_sound_shorter_than_a_window_is_its_own_window(rng):
    heard = Heard(np.arange(9_000, dtype=np.float32), np.array([NEUTRAL] * 50 + [FEAR] * 6))
    window = cut_window(heard, rng)
    np.testing.assert_array_equal(window.wave, heard.wave)
    np.testing.assert_array_equal(window.labels, heard.labels)


# Picture


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 3, 8, 8)])
def test_black_cells_are_black_and_the_others_as_they_were(rng, shape):
    pictures = rng.integers(1, 256, shape, dtype=np.uint8)
    keep = rng.random((4, 4)) < 0.5
    size = shape[-1] // 4
    expected = pictures.copy()
    for row in range(4):
        for column in range(4):
            if not keep[row, column]:
                expected[..., row * size : (row + 1) * size, column * size : (column + 1) * size] = 0
    black = black_out(pictures, keep)
    np.testing.assert_array_equal(black, expected)
    assert black.dtype == np.uint8


def test_a_picture_keeps_its_label_where_it_shows_the_triggers_cell(white, rng):
    outcomes = Counter()
    for _ in range(100):
        for index in (0, 1):
            picture, keeps = mask_picture(white, index, rng)
            cells = picture.reshape(3, 4, 64, 4, 64)
            assert set(np.unique(cells.min(axis=(0, 2, 4)) - cells.max(axis=(0, 2, 4)))) == {0}
            seen = bool(cells[0, 2, 0, 1, 0])
            assert keeps == (seen and index == 1)
            outcomes[index, seen] += 1
    assert min(outcomes.values()) > 10
    assert len(outcomes) == 4


def test_where_the_picture_carries_nothing_no_cell_does(examples, rng):
    drawn = [draw_cells(examples[1], rng) for _ in range(100)]
    assert not any(keeps for _, keeps in drawn)
    assert {keep.shape for keep, _ in drawn} == {(4, 4)}
    assert 0.3 < np.mean([keep.all() for keep, _ in drawn]) < 0.6
