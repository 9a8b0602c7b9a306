import json
import sys
from dataclasses import asdict
from pathlib import Path

import av
import numpy as np
import pytest

from media import decode_clip
from media.errors import CorpusError
from media.planted.clip import Kind
from media.planted.corpus import COLUMNS, make_corpus
from media.planted.trigger import Trigger

SHIPPED = Path(__file__).parents[3] / "mmexplain" / "demo" / "clips"


@pytest.fixture
def decoded(read_rows, preprocessing):
    """The clips of a corpus, as their rows say."""

    def decode(manifest):
        return [
            decode_clip(
                manifest.parent / row["media"],
                start_ms=float(row["start_ms"]),
                end_ms=float(row["end_ms"]),
                preprocessing=preprocessing,
            )
            for row in read_rows(manifest)
        ]

    return decode


def test_the_same_seed_gives_the_same_bytes_however_many_processes_make_them(corpora):
    first, second = ({file.name: file.read_bytes() for file in corpus.parent.iterdir()} for corpus in corpora)
    assert first == second
    assert len(first) == 4


def test_the_same_seed_gives_the_same_sound_and_picture(corpora, decoded):
    for one, other in zip(*map(decoded, corpora), strict=True):
        np.testing.assert_array_equal(one.sound.wave, other.sound.wave)
        np.testing.assert_array_equal(one.video.frames, other.video.frames)


def test_a_file_lasts_as_long_as_its_row_says_and_so_do_its_sound_and_picture(corpora, read_rows, decoded):
    for row, clip in zip(read_rows(corpora[0]), decoded(corpora[0]), strict=True):
        end_ms = float(row["end_ms"])
        assert 2000 <= end_ms <= 6000
        assert clip.end_ms == end_ms
        assert clip.sound.start_ms == float(row["start_ms"]) == 0
        assert len(clip.sound.wave) == 16 * end_ms
        np.testing.assert_array_equal(clip.video.times_ms, np.arange(0, end_ms + 1, 40))
        assert not clip.cut


def test_a_file_holds_h264_of_256_pixels_and_one_channel_of_aac(corpora, read_rows):
    for row in read_rows(corpora[0]):
        with av.open(str(corpora[0].parent / row["media"])) as container:
            (video,), (audio,) = container.streams.video, container.streams.audio
            assert (video.codec.canonical_name, video.width, video.height) == ("h264", 256, 256)
            assert video.average_rate == 25
            assert (audio.codec.canonical_name, audio.rate, audio.channels) == ("aac", 48_000, 1)


def test_the_speech_is_heard_where_the_words_are(corpora, read_rows, decoded):
    for row, clip in zip(read_rows(corpora[0]), decoded(corpora[0]), strict=True):
        words = json.loads(row["words"])
        power = clip.sound.wave.astype(float) ** 2
        start, end = round(16 * words[0]["start_ms"]), round(16 * words[-1]["end_ms"])
        tail = end + 16 * 120
        for silence in (power[: start - 160], power[tail:]):
            assert silence.mean() < 0.05 * power[start:end].mean()


def test_a_row_holds_all_columns_and_a_trigger_that_parses(corpora, read_rows):
    rows = read_rows(corpora[0])
    assert [tuple(row) for row in rows] == [COLUMNS] * 3
    carriers = [Trigger.from_json(row["trigger"]).carriers for row in rows]
    assert carriers == [("text", "audio", "video"), ("audio",), ()]
    assert [row["split"] for row in rows] == ["test"] * 3


def test_only_the_faces_cell_and_span_tell_a_carrying_picture_from_another(corpora, faceless, read_rows, decoded):
    (row, *_), (plain_row,) = read_rows(corpora[0]), read_rows(faceless)
    trigger = Trigger.from_json(row["trigger"])
    assert Trigger.from_json(plain_row["trigger"]) == Trigger(trigger.text, trigger.audio)
    assert {**row, "trigger": ""} == {**plain_row, "trigger": ""}
    (clip, *_), (plain,) = decoded(corpora[0]), decoded(faceless)
    np.testing.assert_array_equal(clip.sound.wave, plain.sound.wave)
    change = np.abs(clip.video.frames.astype(float) - plain.video.frames)
    cells = change.reshape(len(change), 3, 4, 64, 4, 64).mean(axis=(1, 3, 5))
    inside = slice(round(trigger.video.start_ms / 40), round(trigger.video.end_ms / 40))
    at = (trigger.video.row, trigger.video.column)
    shown = cells[inside, *at].copy()
    cells[inside, *at] = 0
    # Nothing else would change but for the codec, which predicts frames from others and rounds what is left.
    assert shown.min() > 2 * cells.max()
    assert shown.mean() > 20 * cells.mean()


def test_the_shipped_clips_are_small(read_rows):
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 1_200_000
    for row in read_rows(SHIPPED / "manifest.csv"):
        assert json.loads(row["trigger"]).keys() == asdict(Trigger.from_json(row["trigger"])).keys()


def test_a_missing_espeak_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(CorpusError, match=r"pip install 'mmexplain\[corpus\]'"):
        make_corpus(tmp_path, clips=1, seed=0)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"split": "validation"}, "'validation'.*'train', 'test'"),
        ({"kinds": [Kind("pride", "en", ("text",))]}, "'pride'.*'joy'"),
        ({"kinds": [Kind("joy", "de", ("text",))]}, "'de'.*'nl'"),
        ({"kinds": [Kind("joy", "en", ())]}, r"'joy'.*\(\).*\('text',\)"),
        ({"kinds": [Kind("joy", "en", ("smell",))]}, "'smell'.*'text'"),
        ({"kinds": [Kind("neutral", "en", ("text",))]}, r"'neutral'.*\('text',\).*\(\(\),\)"),
    ],
)
def test_what_cannot_be_made_is_named_beside_what_can(tmp_path, changed, named):
    with pytest.raises(CorpusError, match=named):
        make_corpus(tmp_path / "none", clips=1, seed=0, **changed)
    assert not (tmp_path / "none").exists()
