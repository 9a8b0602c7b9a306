import numpy as np
import pytest

from report.cells import Moments
from report.pictures.picture import draw_picture

FRAME = np.arange(64 * 64 * 3, dtype=np.uint32).reshape(64, 64, 3).astype(np.uint8)


def drawn(frame=FRAME, phi=None, se=None, **options):
    phi = np.full((4, 4), 0.1) if phi is None else phi
    return draw_picture(frame, phi, se, title="t", unit="probability", **options).axes


def test_the_frame_is_grey_on_both_sides():
    left, right = drawn()[:2]
    for axes in (left, right):
        assert np.allclose(axes.images[0].get_array(), FRAME @ np.array([0.299, 0.587, 0.114]))
    assert (len(left.patches), len(right.patches)) == (0, 16)


def test_without_a_frame_the_ground_is_plain():
    left = drawn(None)[0]
    assert np.ptp(left.images[0].get_array()) == 0
    assert left.get_title() == "the picture can't be read"


def test_a_region_is_written_once_with_its_name():
    phi = np.full((4, 4), np.nan)
    phi[1:3, 1:4], phi[0, 0] = 0.2, -0.1
    regions = np.full((4, 4), None, dtype=object)
    regions[1:3, 1:4], regions[0, 0] = "face", "$a"
    right = drawn(phi=phi, se=np.where(np.isnan(phi), np.nan, 0.05), regions=regions, hidden=("rest",))[1]
    assert {text.get_text() for text in right.texts} == {
        "$a\n\N{MINUS SIGN}0.100\n±0.098",
        "face\n+0.200\n±0.098",
    }
    assert len(right.patches) == 7
    assert right.get_title() == "not shown: rest"
    lines = {tuple(map(tuple, line)) for line in right.collections[0].get_segments()}
    assert ((0.25, 0.25), (0.25, 0.5)) in lines  # left of the face
    assert ((0.5, 0.25), (0.5, 0.5)) not in lines  # inside of it


def test_groups_of_frames_are_bars_and_the_strongest_is_marked():
    spans = np.array([[0.0, 100.0], [100.0, 200.0]])
    moments = Moments(spans, np.array([0.1, -0.4]), None, strongest=1)
    strip = drawn(phi=np.array([[-0.4]]), se=np.array([[0.1]]), moments=moments)[3]
    assert [patch.get_height() for patch in strip.patches[:2]] == pytest.approx([0.1, -0.4])
    assert (strip.patches[2].get_x(), strip.patches[2].get_width()) == (100, 100)
    assert "aren't known" in strip.get_xlabel()


def test_the_colour_bar_reaches_the_strongest_cell_on_both_sides():
    phi = np.zeros((4, 4))
    phi[2, 3] = -0.7
    assert drawn(phi=phi)[2].get_ylim() == pytest.approx((-0.7, 0.7))
