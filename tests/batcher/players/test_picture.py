import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.grid.pictures import new_pictures
from batcher.players import VIDEO_PLAYERS, video_players
from media import Video
from media.region import Region

unhurried = settings(deadline=None)  # a busy machine is no failure
NAMES = st.sampled_from(["face", "hands", "rest", "sky"])
CELL = st.none() | st.integers(0, 3)
TIME = st.none() | st.integers(0, 500)


def video(frames, start_ms=0.0):
    """Of 40 ms a frame."""
    return Video(np.zeros((frames, 3, 1, 1), np.uint8), start_ms + 40.0 * np.arange(frames + 1), cut=False)


@st.composite
def regions(draw):
    start, end = draw(TIME), draw(TIME)
    if start is not None and end is not None:
        start, end = min(start, end), max(start, end) + 1
    return Region(draw(NAMES), draw(CELL), draw(CELL), start, end)


def owner(some, clip, frame, row, column):
    """The last region that holds a cell of a frame."""
    name = "rest"
    middle = (clip.times_ms[frame] + clip.times_ms[frame + 1]) / 2
    for region in some:
        inside = (region.start_ms is None or region.start_ms <= middle) and (
            region.end_ms is None or middle < region.end_ms
        )
        if inside and region.row in (None, row) and region.column in (None, column):
            name = region.player
    return name


@unhurried
@given(some=st.lists(regions(), min_size=1, max_size=6), frames=st.integers(1, 12))
def test_each_cell_is_of_the_last_region_that_holds_it(some, frames):
    clip = video(frames)
    players = video_players(clip, "regions", some)
    assert players.positions.dtype == np.int64
    owners = {cell: owner(some, clip, *cell) for cell in np.ndindex(frames, 4, 4)}
    assert {cell: players.described[players.positions[cell]].token for cell in owners} == owners
    mentioned = [name for name in dict.fromkeys(region.player for region in some) if name != "rest"]
    expected = [name for name in (*mentioned, "rest") if name in owners.values()]
    assert [(p.index, p.token) for p in players.described] == list(enumerate(expected))
    for player in players.described:
        held = [cell for cell, name in owners.items() if name == player.token]
        cells = {cell[1:] for cell in held}
        assert (player.row, player.column) == (next(iter(cells)) if len(cells) == 1 else (None, None))
        assert player.cells == (None if len(cells) == 1 else tuple(sorted(4 * row + column for row, column in cells)))
        assert player.start_ms == clip.times_ms[held[0][0]]
        assert player.end_ms == clip.times_ms[held[-1][0] + 1]


def test_a_face_that_moves_is_one_player():
    found = video_players(
        video(10, 1000.0), "regions", [Region("face", 1, 1, 1000, 1200), Region("face", 1, 2, 1200, 1400)]
    )
    assert [(p.token, p.start_ms, p.end_ms, p.row, p.cells) for p in found.described] == [
        ("face", 1000.0, 1400.0, None, (5, 6)),
        ("rest", 1000.0, 1400.0, None, tuple(range(16))),
    ]
    np.testing.assert_array_equal(np.argwhere(found.positions == 0)[:, 2], [1] * 5 + [2] * 5)


@pytest.mark.parametrize("kind", VIDEO_PLAYERS)
def test_players_that_are_no_regions_say_by_row_and_column_where_they_are(kind):
    assert {player.cells for player in video_players(video(3), kind).described} == {None}


def test_rounded_times_still_hold_their_frames():
    """Times at 29.97 frames/s, and a table that gives them as whole ms."""
    times = 1001 / 30 * np.arange(31)
    clip = Video(np.zeros((30, 3, 1, 1), np.uint8), times, cut=False)
    for frame in range(30):
        region = Region("face", 0, 0, round(times[frame]), round(times[frame + 1]))
        found = video_players(clip, "regions", [region])
        assert np.flatnonzero(found.positions[:, 0, 0] == 0).tolist() == [frame]


def test_without_regions_cells_are_the_players():
    found, cells = (video_players(video(3), kind) for kind in ("regions", "space"))
    np.testing.assert_array_equal(found.positions, cells.positions)
    assert found.described == cells.described


def test_regions_that_miss_the_clip_leave_one_player():
    found = video_players(video(3), "regions", [Region("face", 1, 1, 9000, 9500)])
    assert [player.token for player in found.described] == ["rest"]


def test_only_frames_whose_players_differ_cost_more_pictures():
    """Of 10 frames with two players, each is black or whole, or one of two pictures; of 5 with one, nothing is new."""
    halves = video_players(video(10), "regions", [Region("face", 0)]).positions
    assert new_pictures(halves, 2) == pytest.approx(10 * (1 - 2 / 4) * (3 / 4) ** 2)
    late = video_players(video(10), "regions", [Region("face", 0, None, 200, 400)]).positions
    assert new_pictures(late, 2) == pytest.approx(new_pictures(halves, 2) / 2)
    bare = np.where(late == 0, -1, late)
    assert new_pictures(bare, 2) == 0


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"player": ""}, "player is empty: give the region's name"),
        ({"row": 4}, "row is 4: give 0 to 3, or nothing for the whole axis"),
        ({"column": -1}, "column is -1: give 0 to 3"),
        ({"start_ms": float("nan")}, "start_ms is nan: give milliseconds"),
        ({"start_ms": 40.0, "end_ms": 40.0}, r"start_ms is 40\.0, end_ms 40\.0: give an end after the start"),
    ],
)
def test_what_is_no_part_of_a_picture_is_refused(given, error):
    with pytest.raises(ValueError, match=error):
        Region(**{"player": "face"} | given)
