import json
from dataclasses import asdict

import pytest

from batcher.outcome import EXPLAINED, FAILED
from batcher.players import video_players
from batcher.store.files import Store
from batcher.store.result import load_result
from media.errors import CorpusError
from media.planted.trigger import AudioTrigger, TextTrigger, Trigger, VideoTrigger
from report.planted import find_planted, planted_segments, strongest

TEXT = Trigger(text=TextTrigger(5, 13))


@pytest.fixture
def result(tmp_path):
    """A result of these segments and players."""

    def build(segments, attributions, **run):
        Store(tmp_path, {}).write_unit("u", {"segments": segments, "attributions": attributions})
        known = {"trained": True, "manifest": "", "selection": {}, "labels": [], "config": {}}
        (tmp_path / "run.json").write_text(json.dumps(known | run))
        return load_result(tmp_path)

    return build


def segment(trigger, name="a", **more):
    known = {"segment_id": name, "media": "1.mp4", "start_ms": 0.0, "status": EXPLAINED}
    extra = [] if trigger is None else [("voice", "f2"), ("trigger", trigger.to_json())]
    return known | {"label_true": "joy", "label_predicted": "joy", "extra": extra} | more


def player(modality, index, phi, name="a", label="joy", **described):
    return {"segment_id": name, "label": label, "modality": modality, "player": index, "phi": phi} | described


def words(*phi, **more):
    """Text players of five characters each: the second and the third touch the trigger of `TEXT`."""
    return [player("text", i, v, char_start=5 * i, char_end=5 * i + 4, **more) for i, v in enumerate(phi)]


def test_the_strongest_player_hits_where_it_touches_the_trigger(result):
    (finding,) = find_planted(result([segment(TEXT)], words(0.1, 0.2, 0.5, -0.9)))
    assert (finding.segment_id, finding.label, finding.modality) == ("a", "joy", "text")
    assert finding.correct
    assert finding.hit
    assert finding.chance == 2 / 4
    assert finding.mass == pytest.approx(0.7 / 0.8)
    assert (finding.strongest["player"], finding.strongest["phi"]) == (2, 0.5)


def test_the_strongest_player_misses_where_another_is_larger(result):
    (finding,) = find_planted(result([segment(TEXT)], words(0.3, 0.2, -0.5, 0.1)))
    assert not finding.hit
    assert finding.strongest["player"] == 0
    assert finding.mass == pytest.approx(0.2 / 0.6)


def test_without_a_positive_player_nothing_is_hit(result):
    (finding,) = find_planted(result([segment(TEXT)], words(-0.1, 0.0, -0.2, -0.3)))
    assert not finding.hit
    assert finding.strongest is None
    assert finding.mass is None
    assert finding.chance == 2 / 4


def test_of_a_score_the_player_that_moves_it_most_counts_whichever_way(result):
    (finding,) = find_planted(result([segment(TEXT)], words(0.3, 0.2, -0.5, 0.0), head="score"))
    assert finding.hit
    assert (finding.strongest["player"], finding.strongest["phi"]) == (2, -0.5)
    assert finding.mass == pytest.approx(0.7 / 1.0)
    (nothing,) = find_planted(result([segment(TEXT)], words(0.0, 0.0, 0.0), head="score"))
    assert (nothing.strongest, nothing.mass, nothing.hit) == (None, None, False)


@pytest.mark.parametrize(("phi", "first"), [((0.0, 0.2, 0.1, 0.2), 1), ((0.2, 0.2, 0.2, 0.2), 0)])
def test_of_equal_players_the_first_is_the_strongest(result, phi, first):
    rows = words(*phi)
    assert strongest(rows)["player"] == strongest(reversed(rows))["player"] == first
    (finding,) = find_planted(result([segment(TEXT)], rows))
    assert finding.strongest["player"] == first
    assert finding.hit == (first == 1)


def test_of_a_wrong_prediction_the_predicted_class_counts(result):
    rows = [*words(0.0, 0.5, 0.0), *words(0.5, 0.1, 0.0, label="anger")]
    (finding,) = find_planted(result([segment(TEXT, label_predicted="anger")], rows))
    assert (finding.label, finding.correct, finding.hit) == ("anger", False, False)
    assert finding.strongest["label"] == "anger"


def test_a_modality_that_a_clip_lacks_gives_nothing(result):
    trigger = Trigger(text=TextTrigger(5, 13), audio=AudioTrigger(0, 500), video=VideoTrigger(0, 0, 0, 40))
    findings = find_planted(result([segment(trigger)], words(0.1, 0.2)))
    assert [finding.modality for finding in findings] == ["text"]


def test_a_modality_that_carries_nothing_gives_nothing(result):
    rows = [*words(0.1, 0.2), player("audio", 0, 0.3, start_ms=0.0, end_ms=500.0)]
    findings = find_planted(result([segment(Trigger(audio=AudioTrigger(400, 600)))], rows))
    assert [(finding.modality, finding.hit) for finding in findings] == [("audio", True)]


@pytest.mark.parametrize(("cells", "found"), [([(1, 2), (0, 0)], [True]), ([(1, 2), (None, None)], [])])
def test_of_regions_only_cells_are_held_against_a_trigger(result, cells, found):
    span = {"start_ms": 0.0, "end_ms": 500.0}
    rows = [
        player("video", i, 0.3 - i, token=f"region {i}", row=row, column=column, **span)
        for i, (row, column) in enumerate(cells)
    ]
    findings = find_planted(result([segment(Trigger(video=VideoTrigger(1, 2, 0, 40)))], rows))
    assert [finding.hit for finding in findings] == found


def test_findings_are_in_the_order_of_segments_and_modalities(result):
    trigger = Trigger(text=TextTrigger(5, 13), audio=AudioTrigger(0, 500))
    sound = {"start_ms": 0.0, "end_ms": 500.0}
    rows = [player("audio", 0, 0.1, name, **sound) for name in "ab"] + words(0.1, name="b") + words(0.1, name="a")
    findings = find_planted(result([segment(trigger, "b"), segment(trigger, "a")], rows))
    found = [(finding.segment_id, finding.modality) for finding in findings]
    assert found == [("b", "text"), ("b", "audio"), ("a", "text"), ("a", "audio")]


@pytest.mark.parametrize("extra", [None, [], [("scene", "s0")]])
def test_segments_without_a_trigger_give_nothing(result, extra):
    opened = result([segment(None, extra=extra)], words(0.1, 0.2))
    assert find_planted(opened) == planted_segments(opened) == []


def test_a_failed_segment_gives_nothing(result):
    opened = result([segment(TEXT, status=FAILED, label_predicted=None)], [])
    assert find_planted(opened) == planted_segments(opened) == []


def test_a_neutral_clip_is_planted_with_nothing_to_find(result):
    opened = result([segment(Trigger(), label_true="neutral", label_predicted="joy")], words(0.1, 0.2))
    assert find_planted(opened) == []
    (known,) = planted_segments(opened)
    assert (known.correct, known.trigger.carriers) == (False, ())


def test_a_clip_without_a_true_label_is_not_predicted_right(result):
    (finding,) = find_planted(result([segment(TEXT, label_true=None)], words(0.1, 0.2)))
    assert not finding.correct


def test_a_trigger_that_is_none_is_an_error(result):
    with pytest.raises(CorpusError, match="no planted trigger"):
        find_planted(result([segment(None, extra=[("trigger", '{"picture": {"row": 1}}')])], words(0.1)))


@pytest.mark.parametrize(
    ("kind", "touching", "players"),
    [("space", 1, 16), ("time", 2, 10), ("space-time", 2, 160)],
)
def test_chance_is_the_share_of_picture_players_that_touch_the_trigger(result, clip, kind, touching, players):
    # The clip has 10 frames of 40 ms from 1000 ms on: a group of time is a frame.
    trigger = Trigger(video=VideoTrigger(2, 1, 1200.0, 1280.0))
    described = [asdict(one) for one in video_players(clip.video, kind).described]
    rows = [{"segment_id": "a", "label": "joy", "phi": 0.01, "player": one.pop("index"), **one} for one in described]
    (finding,) = find_planted(result([segment(trigger)], rows))
    assert finding.chance == touching / players
    assert finding.mass == pytest.approx(touching / players)
