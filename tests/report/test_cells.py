import numpy as np
import pytest

from report.cells import cells_of


def player(phi, se=0.1, **where):
    known = {"row": None, "column": None, "frame_group": None, "token": None, "start_ms": 0.0, "end_ms": 100.0}
    return known | {"phi": phi, "se": se} | where


def test_cells_of_all_frames_are_a_grid():
    found = cells_of([player(i, se=i / 10, row=i // 4, column=i % 4) for i in range(16)])
    assert np.array_equal(found.phi, np.arange(16).reshape(4, 4))
    assert found.se == pytest.approx(found.phi / 10)
    assert (found.moments, found.names, found.regions, found.hidden) == (None, (), None, ())


def test_groups_of_frames_are_moments_and_the_strongest_is_shown():
    players = [
        player(phi, frame_group=i, start_ms=100.0 * i, end_ms=100.0 * i + 100) for i, phi in enumerate([1, -3, 2])
    ]
    found = cells_of(players)
    assert found.phi.tolist() == [[-3]]
    assert found.moments.strongest == 1
    assert found.moments.phi.tolist() == [1, -3, 2]
    assert found.moments.se == pytest.approx([0.1] * 3)
    assert found.moments.spans_ms.tolist() == [[0, 100], [100, 200], [200, 300]]


def test_cells_in_time_are_those_of_the_strongest_group():
    players = [
        player(g * (i - 4), frame_group=g, row=i // 4, column=i % 4, start_ms=100.0 * g)
        for g in (0, 1)
        for i in range(16)
    ]
    found = cells_of(players)
    assert np.array_equal(found.phi, np.arange(16).reshape(4, 4) - 4)
    assert found.moments.phi.tolist() == [0, 56]
    assert found.moments.se is None


def test_regions_lie_in_the_cells_that_the_result_names():
    players = [
        player(0.5, row=1, column=2) | {"token": "face"},
        player(0.25, cells=[0, 1, 15]) | {"token": "rest"},
        player(0.1) | {"token": "nowhere known"},
    ]
    found = cells_of(players)
    assert found.phi[1, 2] == 0.5
    assert found.phi[0, 0] == found.phi[0, 1] == found.phi[3, 3] == 0.25
    assert np.isnan(found.phi).sum() == 12
    assert found.names == ("face", "rest", "nowhere known")
    assert (found.regions[1, 2], found.regions[3, 3], found.regions[2, 2]) == ("face", "rest", None)
    assert found.hidden == ("nowhere known",)


def test_without_standard_errors_there_are_none():
    assert cells_of([player(1.0, se=None, row=0, column=0)]).se is None


def test_no_players_no_cells():
    assert cells_of([]) is None


def test_a_region_lies_over_a_wider_one():
    """As in a clip where the anchor moves: the rest covers every cell in some frame."""
    anchor, rest = (
        player(0.5, cells=[5, 6]) | {"token": "anchor"},
        player(-0.01, cells=[*range(16)]) | {"token": "rest"},
    )
    for players in ([anchor, rest], [rest, anchor]):
        found = cells_of(players)
        assert found.phi[1].tolist() == [-0.01, 0.5, 0.5, -0.01]
        assert (found.phi == -0.01).sum() == 14
        assert found.hidden == ()
