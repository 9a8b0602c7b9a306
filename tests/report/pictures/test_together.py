import numpy as np
import pytest

from report.pictures.together import draw_text_against_sound

WORDS = ["so", "$nice"]


def drawn(sound_phi=(0.1, 0.2), sound_se=None, *, timed=True):
    figure = draw_text_against_sound(
        WORDS, np.array([0.3, -0.1]), np.array([0.1, 0.1]), np.array(sound_phi), sound_se,
        timed=timed, title="t", unit="probability",
    )  # fmt: skip
    return figure.axes[0]


def test_the_band_reaches_95_percent_inside_of_the_axis():
    axes = drawn(sound_se=np.array([0.5, 0.1]))
    (band,) = [one for one in axes.collections if len(one.get_paths()) and one.get_alpha()]
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((0.1 - 0.98, 0.1 + 0.98))
    low, high = axes.get_ylim()
    assert low < heights.min() < heights.max() < high
    assert band.get_zorder() < axes.patches[0].get_zorder()


def test_a_word_without_sound_is_a_gap_in_the_line():
    (line,) = [one for one in drawn((np.nan, 0.2)).lines if one.get_marker() == "o"]
    assert np.isnan(line.get_ydata()[0])


def test_times_that_are_not_known_are_said_to_be():
    assert drawn().get_title(loc="left") == ""
    assert "unknown" in drawn(timed=False).get_title(loc="left")
