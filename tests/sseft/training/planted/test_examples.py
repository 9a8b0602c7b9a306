import json
from dataclasses import replace

import av
import numpy as np
import pytest

from batcher.players import audio_players
from media import MediaError, Sound, decode_clip
from media.planted.trigger import TextTrigger, Trigger
from sseft.training.planted.examples import half_seconds

LENGTHS = [1, 7_999, 8_000, 15_999, 16_000, 24_001, 52_480, 150_000]


@pytest.fixture
def without(sources, tmp_path):
    """The first clip without its sound or its picture."""

    def build(kind):
        path = tmp_path / f"without_{kind}.mp4"
        with av.open(str(sources[0].path)) as whole, av.open(str(path), "w") as part:
            (kept,) = (stream for stream in whole.streams if stream.type != kind)
            copied = part.add_stream_from_template(kept)
            for packet in whole.demux(kept):
                if packet.dts is not None:
                    packet.stream = copied
                    part.mux(packet)
        return replace(sources[0], path=path)

    return build


def decoded(source, config):
    return decode_clip(source.path, start_ms=source.start_ms, end_ms=source.end_ms, preprocessing=config.preprocessing)


# Which tokens, which samples, which frames


def spelt(example):
    return "".join(np.array(example.source.words.tokens)[example.tokens])


def test_the_tokens_of_a_planted_word_spell_it_and_no_other_text_has_any(examples, rows):
    joy, *others = examples
    trigger = json.loads(rows[0]["trigger"])["text"]
    assert spelt(joy) == rows[0]["text"][trigger["char_start"] : trigger["char_end"]]
    assert joy.tokens.sum() > 1, "the word is to be several tokens"
    for example in others:
        assert not example.tokens.any()
        assert len(example.tokens) == len(example.source.words.ids)


@pytest.mark.parametrize(
    ("text", "planted"),
    [("It was wonderful again.", "wonderful"), ("It was regular :-)", ":-)"), ("Dat café klonk geweldig!!", "!!")],
)
def test_a_token_is_the_triggers_where_they_share_a_character(sources, say, read, text, planted):
    start = text.index(planted)
    trigger = Trigger(text=TextTrigger(start, start + len(planted)))
    (example,) = read([replace(sources[0], text=say(text), trigger=trigger)], pictures=0)
    marked = set(range(start, start + len(planted)))
    assert example.tokens.tolist() == [bool(marked & set(range(*span))) for span in example.source.words.spans]
    assert spelt(example) == planted


def test_the_stretch_is_the_samples_of_the_word_that_is_spoken_with_emotion(examples, rows):
    for example, row in zip(examples, rows, strict=True):
        spoken = json.loads(row["trigger"])["audio"]
        if spoken is None:
            assert example.stretch == (0, 0)
            continue
        (word,) = (word for word in json.loads(row["words"]) if word["start_ms"] == spoken["start_ms"])
        assert example.stretch == pytest.approx((16 * word["start_ms"], 16 * word["end_ms"]), abs=1)
    assert examples[1].stretch != (0, 0)


def test_a_clip_that_starts_later_holds_the_same_trigger(sources, read, examples):
    (later,) = read([replace(sources[0], start_ms=400.0)], pictures=1000)
    whole = examples[0]
    assert later.stretch == (whole.stretch[0] - 6400, whole.stretch[1] - 6400)
    np.testing.assert_array_equal(later.wave[slice(*later.stretch)], whole.wave[slice(*whole.stretch)])
    (early,) = read(sources[:1], pictures=1000)
    assert later.shown.sum() == early.shown.sum()
    assert (~later.shown).sum() == (~early.shown).sum() - 10


def test_every_picture_is_a_frame_that_shows_the_trigger_or_does_not(sources, examples, config):
    for source, example in zip(sources, examples, strict=True):
        clip = decoded(source, config)
        np.testing.assert_array_equal(example.wave, clip.sound.wave)
        span = source.trigger.video
        shows = [span is not None and span.start_ms <= time < span.end_ms for time in clip.video.times_ms[:-1]]
        for picture, shown in zip(example.pictures, example.shown, strict=True):
            at = [i for i, frame in enumerate(clip.video.frames) if np.array_equal(frame, picture)]
            assert shown in {shows[i] for i in at}


def test_the_parts_of_the_sound_are_its_players():
    for samples in LENGTHS:
        players = audio_players(Sound(np.zeros(samples, np.float32), 0.0, cut=False), 16_000)
        np.testing.assert_array_equal(half_seconds(samples), players.positions)


# Which pictures


@pytest.mark.parametrize("pictures", [0, 2, 1000])
def test_at_most_so_many_pictures_of_each_kind_are_kept(sources, read, pictures):
    joy, fear = read(sources[:2], pictures=pictures)
    span = sources[0].trigger.video
    shown = round((span.end_ms - span.start_ms) / 40)
    frames = [round(source.end_ms / 40) for source in sources[:2]]
    assert joy.shown.sum() == min(pictures, shown)
    assert (~joy.shown).sum() == min(pictures, frames[0] - shown)
    assert fear.shown.tolist() == [False] * min(pictures, frames[1])
    for example in (joy, fear):
        assert example.pictures.shape == (len(example.shown), 3, 256, 256)
        assert example.pictures.dtype == np.uint8


def test_all_pictures_are_all_frames(sources, read, config):
    (example,) = read(sources[:1], pictures=1000)
    frames = decoded(sources[0], config).video.frames
    assert sorted(picture.tobytes() for picture in example.pictures) == sorted(frame.tobytes() for frame in frames)


def test_the_seed_chooses_the_pictures_however_many_threads_read(sources, read, examples):
    for one, again in zip(examples, read(sources, workers=3), strict=True):
        np.testing.assert_array_equal(one.pictures, again.pictures)
        np.testing.assert_array_equal(one.wave, again.wave)
    for one, other in zip(examples, read(sources, seed=1), strict=True):
        np.testing.assert_array_equal(one.shown, other.shown)
        for kind in set(one.shown.tolist()):
            assert not np.array_equal(one.pictures[one.shown == kind], other.pictures[other.shown == kind])


def test_examples_come_in_the_order_of_their_sources(sources, examples):
    assert [example.source for example in examples] == sources


# What can't be learnt from


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_a_clip_without_sound_or_picture_is_refused_by_its_path(without, read, sources, kind):
    with pytest.raises(MediaError, match=rf"without_{kind}\.mp4' lacks its sound or its picture.*Leave it out"):
        read([sources[1], without(kind)])


def test_a_missing_clip_is_refused_by_its_path(sources, read, tmp_path):
    with pytest.raises(MediaError, match=r"missing\.mp4"):
        read([sources[1], replace(sources[0], path=tmp_path / "missing.mp4")])
