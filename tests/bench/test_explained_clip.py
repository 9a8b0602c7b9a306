import json
from dataclasses import replace

import numpy as np
import pytest

from batcher.outcome import EXPLAINED
from batcher.store.files import Store
from batcher.store.result import load_result
from bench.explained_clip import explained_clips
from media.planted.trigger import AudioTrigger, TextTrigger, Trigger

BOTH = Trigger(TextTrigger(5, 8), AudioTrigger(500.0, 600.0))


@pytest.fixture
def clips_of(tmp_path, demo_segments):
    """The clips of a result with these segments and players."""

    def read(segments, attributions):
        Store(tmp_path, {}).write_unit("u", {"segments": segments, "attributions": attributions})
        known = {"trained": True, "manifest": "", "selection": {}, "labels": [], "config": {}}
        (tmp_path / "run.json").write_text(json.dumps(known))
        manifest = [replace(demo_segments[0], segment_id=row["segment_id"]) for row in segments]
        return explained_clips(load_result(tmp_path), "time", manifest)

    return read


def row(name, trigger=BOTH, predicted="joy"):
    known = {"segment_id": name, "media": "1.mp4", "start_ms": 0.0, "status": EXPLAINED, "label_true": "joy"}
    return known | {"label_predicted": predicted, "extra": [("trigger", trigger.to_json())]}


def players(name, label="joy"):
    """Words of five characters, and half-seconds, the last first."""
    known = {"segment_id": name, "label": label}
    words = [{"modality": "text", "char_start": 5 * i, "char_end": 5 * i + 4, "player": i} for i in range(3)]
    sound = [{"modality": "audio", "start_ms": 500.0 * i, "end_ms": 500.0 * i + 500, "player": i} for i in range(2)]
    return [known | one | {"phi": 0.1 * one["player"]} for one in reversed([*words, *sound])]


def test_players_stand_in_their_order_with_what_they_touch(clips_of):
    (clip,) = clips_of([row("a")], players("a"))
    assert (clip.segment.segment_id, clip.kind, clip.label) == ("a", "time", "joy")
    np.testing.assert_allclose(clip.phi["text"], [0, 0.1, 0.2])
    assert clip.relevant["text"].tolist() == [False, True, False]
    np.testing.assert_allclose(clip.phi["audio"], [0, 0.1])
    assert clip.relevant["audio"].tolist() == [False, True]


def test_clips_that_are_predicted_wrongly_or_neutral_are_left_out(clips_of):
    segments = [row("wrong", predicted="anger"), row("neutral", Trigger()), row("right")]
    names = [clip.segment.segment_id for clip in clips_of(segments, [*players("wrong", "anger"), *players("right")])]
    assert names == ["right"]


def test_a_modality_whose_trigger_no_player_touches_is_left_out(clips_of):
    beyond = Trigger(TextTrigger(90, 95), AudioTrigger(0.0, 100.0))
    (clip,) = clips_of([row("a", beyond)], players("a"))
    assert set(clip.phi) == set(clip.relevant) == {"audio"}
    assert clips_of([row("a", Trigger(TextTrigger(90, 95)))], players("a")) == []


def test_a_clip_can_be_taken_by_one_modality(clips_of):
    (clip,) = clips_of([row("a")], players("a"))
    only = clip.of("audio")
    assert set(only.phi) == set(only.relevant) == {"audio"}
    assert only.segment is clip.segment
