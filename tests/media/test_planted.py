import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from media import decode_clip
from media.errors import CorpusError
from media.face import EXPRESSIONS, Person, draw_face
from media.planted import LABELS, make_corpus

SHIPPED = Path(__file__).parents[2] / "mmexplain" / "demo" / "clips"


def rows(manifest):
    with manifest.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def decode(manifest, row, preprocessing):
    span = {"start_ms": float(row["start_ms"]), "end_ms": float(row["end_ms"])}
    return decode_clip(manifest.parent / row["media"], **span, preprocessing=preprocessing)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    kinds = [("joy", "en"), ("sadness", "nl"), ("neutral", "en")]
    folder = tmp_path_factory.mktemp("planted")
    return [make_corpus(folder / name, clips=3, seed=5, kinds=kinds) for name in ("first", "second")]


def test_the_same_seed_gives_the_same_clips(corpora, preprocessing):
    first, second = corpora
    assert first.read_bytes() == second.read_bytes()
    for row in rows(first):
        one, other = (decode(manifest, row, preprocessing) for manifest in corpora)
        np.testing.assert_array_equal(one.sound.wave, other.sound.wave)
        np.testing.assert_array_equal(one.video.frames, other.video.frames)


@pytest.mark.parametrize("shipped", [False, True])
def test_triggers_lie_inside_their_clips(request, preprocessing, shipped):
    manifest = SHIPPED / "manifest.csv" if shipped else request.getfixturevalue("corpora")[0]
    for row in rows(manifest):
        clip = decode(manifest, row, preprocessing)
        end_ms = float(row["end_ms"])
        assert 2000 <= end_ms <= 4000
        assert clip.end_ms == end_ms == float(clip.video.times_ms[-1])
        assert len(clip.sound.wave) == 16 * end_ms
        words = json.loads(row["words"])
        assert " ".join(word["word"] for word in words) == row["text"]
        starts = [word["start_ms"] for word in words]
        assert starts == sorted(starts)
        assert words[-1]["end_ms"] <= end_ms
        trigger = json.loads(row["trigger"])
        assert (trigger == {}) == (row["label"] == "neutral")
        if trigger:
            check_trigger(trigger, row, words, len(clip.video.frames))


def check_trigger(trigger, row, words, frames):
    text, sound, picture = (trigger[name] for name in ("text", "sound", "picture"))
    end_ms = float(row["end_ms"])
    assert row["text"][text["start"] : text["end"]].isalpha()
    assert any((word["start_ms"], word["end_ms"]) == (sound["start_ms"], sound["end_ms"]) for word in words)
    players = len(range(0, 16 * int(end_ms) - 7999, 8000))
    touched = {int(ms * players // end_ms) for ms in (sound["start_ms"], sound["end_ms"])}
    assert len(touched) <= players / 4
    assert 0 <= picture["start_ms"] < picture["end_ms"] <= end_ms
    assert (picture["end_ms"] - picture["start_ms"]) / 40 <= frames / 4
    assert {picture["row"], picture["col"]} <= {0, 1, 2, 3}


def test_only_the_trigger_s_cell_changes_and_most_inside_its_span(corpora, preprocessing):
    manifest = corpora[0]
    row = rows(manifest)[0]
    picture = json.loads(row["trigger"])["picture"]
    frames = decode(manifest, row, preprocessing).video.frames.astype(float)
    cells = frames.reshape(len(frames), 3, 4, 64, 4, 64)
    change = np.abs(cells - np.median(cells, axis=0)).mean(axis=(1, 3, 5))
    at = np.zeros((4, 4), dtype=bool)
    at[picture["row"], picture["col"]] = True
    inside = slice(round(picture["start_ms"] / 40), round(picture["end_ms"] / 40))
    assert change[inside][:, at].min() > 3 * change[:, ~at].max()
    assert change[inside][:, at].mean() > 2 * np.delete(change, np.r_[inside], axis=0)[:, at].mean()


def test_the_speech_is_where_the_words_are(corpora, preprocessing):
    for row in rows(corpora[0]):
        wave = decode(corpora[0], row, preprocessing).sound.wave
        words = json.loads(row["words"])
        first, last = (round(16 * words[at][key]) for at, key in ((0, "start_ms"), (-1, "end_ms")))
        assert np.abs(wave[: max(first - 160, 0)]).max() < 0.02
        assert np.abs(wave[first:last]).max() > 0.2


def test_every_label_has_a_face_of_its_own():
    assert set(EXPRESSIONS) == set(LABELS)
    person = Person((230, 190, 160), (60, 40, 30))
    drawn = [np.asarray(draw_face(person, EXPRESSIONS[label]), dtype=float) for label in LABELS]
    for index, one in enumerate(drawn):
        for other in drawn[:index]:
            assert np.abs(one - other).mean() > 1.0


def test_the_shipped_clips_are_small():
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 200_000
    assert [(row["label"], row["language"]) for row in rows(SHIPPED / "manifest.csv")] == [
        ("joy", "en"),
        ("anger", "nl"),
        ("surprise", "en"),
    ]


def test_a_missing_espeak_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(CorpusError, match=r"pip install 'mmexplain\[corpus\]'"):
        make_corpus(tmp_path, clips=1, seed=0)


def test_an_unknown_label_is_named(tmp_path):
    with pytest.raises(CorpusError, match="pride"):
        make_corpus(tmp_path, clips=1, seed=0, kinds=[("pride", "en")])
