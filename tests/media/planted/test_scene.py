from dataclasses import replace

import numpy as np
import pytest

from batcher.players import CELLS, MOST_FRAME_GROUPS, video_players
from media.planted.clip import LABELS
from media.planted.face import SIZE
from media.planted.scene import BYSTANDER_SHARE, FRAME_GROUPS, GRID, MOST_SHAPES, PEOPLE, draw_moment, draw_scene
from media.planted.trigger import VideoTrigger

FRAMES = 50
SPAN = (400.0, 800.0)
SHOWN = range(10, 20)


def drawn(scene, label, trigger=None, talking=0.3, frames=FRAMES):
    return np.stack([np.asarray(frame) for frame in scene.frames(label, trigger, np.full(frames, talking))])


def by_cell(change):
    """The largest change of each frame's cells: [F, 4, 4]."""
    return np.abs(change.astype(int)).reshape(len(change), GRID, SIZE, GRID, SIZE, 3).max(axis=(2, 4, 5))


def place(figure):
    return figure.row, figure.column


@pytest.fixture
def trigger(busy_scene):
    return VideoTrigger(*place(busy_scene.speaker), *SPAN)


def scenes(number, split="train"):
    return [draw_scene(np.random.default_rng(seed), split) for seed in range(number)]


def test_the_picture_is_cut_as_its_players_are():
    assert (GRID, FRAME_GROUPS) == (CELLS, MOST_FRAME_GROUPS)
    assert GRID * SIZE == 256


@pytest.mark.parametrize("label", LABELS[1:])
def test_a_trigger_changes_its_cell_in_its_span_and_nothing_else(busy_scene, trigger, label):
    change = by_cell(drawn(busy_scene, label, trigger).astype(int) - drawn(busy_scene, label))
    expected = np.zeros((FRAMES, GRID, GRID), dtype=bool)
    expected[SHOWN, trigger.row, trigger.column] = True
    np.testing.assert_array_equal(change > 0, expected)
    assert change[expected].min() > 30


def test_without_a_trigger_nobody_shows_the_label(busy_scene):
    neutral = drawn(busy_scene, "neutral")
    for label in LABELS:
        np.testing.assert_array_equal(drawn(busy_scene, label), neutral)


def test_a_bystander_looks_the_same_beside_every_emotion_and_is_silent(busy_scene, trigger):
    row, column = place(busy_scene.bystander)
    cell = np.s_[:, SIZE * row : SIZE * (row + 1), SIZE * column : SIZE * (column + 1)]
    neutral = drawn(busy_scene, "neutral")[cell]
    for label in LABELS:
        np.testing.assert_array_equal(drawn(busy_scene, label, trigger, talking=1.0)[cell], neutral)
    alone = drawn(replace(busy_scene, bystander=None), "neutral")[cell]
    assert np.abs(alone.astype(int) - neutral).mean() > 10


def test_a_speakers_mouth_opens_with_the_sound(busy_scene):
    quiet, loud = (drawn(busy_scene, "neutral", talking=level) for level in (0.0, 1.0))
    moved = by_cell(loud.astype(int) - quiet).max(axis=0) > 0
    assert moved[place(busy_scene.speaker)]
    assert moved.sum() == 1


def test_a_face_blinks_for_three_frames_every_two_seconds(busy_scene):
    still = replace(busy_scene, bystander=None, shapes=(), speaker=replace(busy_scene.speaker, blink_at=7))
    frames = drawn(still, "neutral", frames=70)
    shut = {i for i in range(70) if not np.array_equal(frames[i], frames[0])}
    assert shut == {7, 8, 9, 57, 58, 59}


def test_shapes_move(busy_scene):
    frames = drawn(replace(busy_scene, bystander=None), "neutral")
    assert not np.array_equal(frames[0], frames[20])


@pytest.mark.parametrize("split", ["train", "test"])
def test_faces_are_in_cells_of_their_own_and_people_in_splits_of_their_own(split):
    for scene in scenes(150, split):
        assert scene.person_id in PEOPLE[split]
        figures = [scene.speaker, *([scene.bystander] if scene.bystander else [])]
        assert len({place(figure) for figure in figures}) == len({figure.person for figure in figures}) == len(figures)
        for figure in figures:
            assert {figure.row, figure.column} <= set(range(GRID))
            assert min(figure.shift) >= 0
            assert max(figure.shift) + figure.size <= SIZE
    assert not set(PEOPLE["train"]) & set(PEOPLE["test"])


def test_bystanders_and_shapes_come_and_go():
    drawn_scenes = scenes(300)
    assert np.mean([scene.bystander is not None for scene in drawn_scenes]) == pytest.approx(BYSTANDER_SHARE, abs=0.08)
    assert {len(scene.shapes) for scene in drawn_scenes} == set(range(MOST_SHAPES + 1))
    assert {place(scene.speaker) for scene in drawn_scenes} == {(r, c) for r in range(GRID) for c in range(GRID)}


def test_a_moment_is_two_neighbouring_groups_of_frames_but_not_the_first_or_last(blank_video):
    rng = np.random.default_rng(0)
    for frames in range(50, 151):
        edges = [player.start_ms for player in video_players(blank_video(frames), "time").described]
        moments = {draw_moment(rng, frames) for _ in range(10)}
        assert moments <= {(edges[group], edges[group + 2]) for group in range(1, 8)}
    assert {draw_moment(rng, 100)[0] for _ in range(200)} == {400.0 * group for group in range(1, 8)}
