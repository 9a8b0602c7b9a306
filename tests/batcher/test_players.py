from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.players import VIDEO_PLAYERS, audio_players, players_of, text_players, video_players
from media import Clip, Sound, Text, Video

RATE_HZ = 16_000
unhurried = settings(deadline=None)  # a busy machine is no failure


def sound(samples, start_ms=0.0):
    return Sound(np.zeros(samples, np.float32), start_ms, cut=False)


def video(frames, start_ms=0.0, frame_ms=40.0):
    return Video(np.zeros((frames, 3, 1, 1), np.uint8), start_ms + frame_ms * np.arange(frames + 1), cut=False)


def text(special):
    L = len(special)
    return Text(
        ids=np.arange(L),
        tokens=tuple(f"t{i}" for i in range(L)),
        spans=np.array([(-1, -1) if mark else (10 * i, 10 * i + 5) for i, mark in enumerate(special)]),
        special=np.array(special),
        cut=False,
    )


@pytest.mark.parametrize("samples", [1, 2, 7_999, 8_000, 8_001, 15_999, 16_000, 23_999, 24_001, 44_103, 150_000])
def test_half_seconds_cover_what_the_formula_says(samples):
    players = audio_players(sound(samples), RATE_HZ)
    n = max(1, samples // 8000)
    expected = np.empty(samples, int)
    for i in range(n):
        expected[i * samples // n : (i + 1) * samples // n] = i
    assert players.n == n
    np.testing.assert_array_equal(players.positions, expected)


@pytest.mark.parametrize("samples", [4_000, 16_001, 44_103])
def test_half_seconds_bear_the_medias_time(samples):
    players = audio_players(sound(samples, start_ms=12_345.5), RATE_HZ)
    for i, player in enumerate(players.described):
        mine = np.flatnonzero(players.positions == i)
        assert player.start_ms == pytest.approx(12_345.5 + mine[0] / 16)
        assert player.end_ms == pytest.approx(12_345.5 + (mine[-1] + 1) / 16)


def test_words_are_players_and_marks_are_not():
    players = text_players(text([True, False, False, True, False, True]))
    np.testing.assert_array_equal(players.positions, [-1, 0, 1, -1, 2, -1])
    assert [(p.index, p.token, p.char_start, p.char_end) for p in players.described] == [
        (0, "t1", 10, 15),
        (1, "t2", 20, 25),
        (2, "t4", 40, 45),
    ]


def test_a_token_that_stands_nowhere_has_no_characters():
    spans = np.full((3, 2), -1)
    (player,) = text_players(replace(text([True, False, True]), spans=spans)).described
    assert (player.char_start, player.char_end) == (None, None)


def test_cells_of_space_are_the_same_in_all_frames():
    players = video_players(video(7, start_ms=500.0), "space")
    np.testing.assert_array_equal(players.positions, np.tile(np.arange(16).reshape(4, 4), (7, 1, 1)))
    assert [(p.row, p.column) for p in players.described] == [(row, column) for row in range(4) for column in range(4)]
    assert {(p.start_ms, p.end_ms, p.frame_group) for p in players.described} == {(500.0, 780.0, None)}


@pytest.mark.parametrize(("frames", "groups"), [(1, 1), (3, 3), (10, 10), (11, 10), (25, 10), (300, 10)])
def test_groups_of_time_are_at_most_ten_and_equal(frames, groups):
    players = video_players(video(frames), "time")
    group = players.positions[:, 0, 0]
    assert (players.positions == group[:, None, None]).all()
    assert (np.diff(group) >= 0).all()
    sizes = np.bincount(group)
    assert (len(sizes), players.n) == (groups, groups)
    assert sizes.min() >= 1
    assert np.ptp(sizes) <= 1


@pytest.mark.parametrize("kind", ["time", "space-time"])
def test_groups_bear_the_time_of_their_own_frames(kind):
    clip = replace(video(5), times_ms=np.array([100.0, 140.0, 180.0, 300.0, 340.0, 999.0]))
    for player in video_players(clip, kind).described:
        assert player.start_ms == clip.times_ms[player.frame_group]
        assert player.end_ms == clip.times_ms[player.frame_group + 1]


def test_a_player_of_space_and_time_is_cell_c_of_group_g():
    players = video_players(video(23), "space-time")
    group = video_players(video(23), "time").positions[:, 0, 0]
    for f, row, column in np.ndindex(23, 4, 4):
        assert players.positions[f, row, column] == 16 * group[f] + 4 * row + column
    for player in players.described:
        assert player.index == 16 * player.frame_group + 4 * player.row + player.column


@unhurried
@given(
    special=st.lists(st.booleans(), min_size=1, max_size=30).filter(lambda marks: not all(marks)),
    samples=st.integers(1, 60_000),
    frames=st.integers(1, 60),
    kind=st.sampled_from(VIDEO_PLAYERS),
)
def test_every_position_belongs_to_one_described_player_or_to_none(special, samples, frames, kind):
    clip = Clip(text(special), sound(samples), video(frames), 0.0, 1.0)
    found = players_of(clip, sample_rate_hz=RATE_HZ, video=kind)
    assert list(found) == ["text", "audio", "video"]
    for modality, players in found.items():
        assert players.positions.dtype == np.int64
        used = np.unique(players.positions)
        np.testing.assert_array_equal(used[used >= 0], np.arange(players.n))
        assert used[0] >= -1
        assert [p.index for p in players.described] == list(range(players.n))
        assert {p.modality for p in players.described} == {modality}
    assert (found["text"].positions < 0).tolist() == special
    assert found["video"].positions.shape == (frames, 4, 4)


def test_an_absent_modality_has_no_players():
    assert list(players_of(Clip(None, sound(9), None, 0.0, 1.0), sample_rate_hz=RATE_HZ, video="space")) == ["audio"]
