import json

import pytest

from media.errors import CorpusError
from media.planted.trigger import AudioTrigger, TextTrigger, Trigger, VideoTrigger

TEXT = TextTrigger(10, 16)
AUDIO = AudioTrigger(480.0, 1000.0)
VIDEO = VideoTrigger(1, 2, 480.0, 1000.0)


def words(start, end):
    return {"char_start": start, "char_end": end}


def times(start, end, row=None, column=None):
    return {"start_ms": start, "end_ms": end, "row": row, "column": column}


@pytest.mark.parametrize(
    "trigger", [Trigger(), Trigger(TEXT), Trigger(audio=AUDIO), Trigger(video=VIDEO), Trigger(TEXT, AUDIO, VIDEO)]
)
def test_a_trigger_survives_the_manifest(trigger):
    text = trigger.to_json()
    assert Trigger.from_json(text) == trigger
    assert list(json.loads(text)) == ["text", "audio", "video"]


def test_carriers_are_the_modalities_with_a_trigger_in_their_order():
    assert Trigger().carriers == ()
    assert Trigger(video=VIDEO, text=TEXT).carriers == ("text", "video")
    assert [Trigger(TEXT, AUDIO, VIDEO).of(m) for m in ("text", "audio", "video")] == [TEXT, AUDIO, VIDEO]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "joy",
        "null",
        "[]",
        '{"smell": {"start_ms": 0, "end_ms": 1}}',
        '{"text": 5}',
        '{"text": {"start": 0, "end": 1}}',
        '{"audio": {"start_ms": 0}}',
    ],
)
def test_what_is_no_trigger_is_refused_with_its_text(text):
    with pytest.raises(CorpusError, match="no planted trigger") as raised:
        Trigger.from_json(text)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize(
    ("start", "end", "touched"), [(0, 10, False), (9, 11, True), (12, 13, True), (15, 20, True), (16, 20, False)]
)
def test_a_word_is_touched_up_to_its_exclusive_end(start, end, touched):
    assert TEXT.touches(words(start, end)) is touched


@pytest.mark.parametrize("trigger", [AUDIO, VIDEO])
@pytest.mark.parametrize(
    ("start", "end", "touched"),
    [
        (0.0, 480.0, False),
        (0.0, 480.01, True),
        (600.0, 700.0, True),
        (0.0, 5000.0, True),
        (999.99, 1500.0, True),
        (1000.0, 1500.0, False),
    ],
)
def test_a_stretch_of_time_is_touched_up_to_its_exclusive_end(trigger, start, end, touched):
    assert trigger.touches(times(start, end)) is touched


@pytest.mark.parametrize(("row", "column", "touched"), [(1, 2, True), (2, 1, False), (1, 1, False), (0, 2, False)])
def test_a_cell_is_touched_if_it_is_the_faces_at_that_time(row, column, touched):
    assert VIDEO.touches(times(0.0, 2000.0, row, column)) is touched
    assert VIDEO.touches(times(500.0, 600.0, row, column)) is touched
    assert not VIDEO.touches(times(1000.0, 2000.0, row, column))


def test_the_corner_cell_is_no_time_player():
    corner = VideoTrigger(0, 0, 480.0, 1000.0)
    assert corner.touches(times(500.0, 600.0, 0, 0))
    assert not corner.touches(times(500.0, 600.0, 3, 3))
    assert corner.touches(times(500.0, 600.0))


def test_a_player_without_a_place_touches_nothing():
    assert not TEXT.touches(words(None, None))
    assert not AUDIO.touches(times(None, None))
    assert not VIDEO.touches(times(None, None))
