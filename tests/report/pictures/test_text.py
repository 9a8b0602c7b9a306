import numpy as np
import pytest
from matplotlib.colors import to_hex

from report.pictures.style import NEGATIVE
from report.pictures.text import MOST, draw_text


def drawn(phi, se, **options):
    names = [f"t{i}" for i in range(len(phi))]
    figure = draw_text(options.pop("tokens", names), phi, se, title="t", unit="probability")
    return figure.axes[0]


def whiskers(axes):
    (errors,) = [container for container in axes.containers if hasattr(container, "has_xerr")]
    (lines,) = errors.lines[2]
    return [abs(end - start) for (start, _), (end, _) in lines.get_segments()]


def test_whiskers_reach_95_percent():
    assert whiskers(drawn(np.array([0.3, -0.2]), np.array([0.01, 0.02]))) == pytest.approx(
        [2 * 1.96 * 0.01, 2 * 1.96 * 0.02]
    )


def test_a_value_stands_right_of_its_bar_and_whisker_and_of_zero():
    axes = drawn(np.array([-0.5, 0.3, -0.01]), np.full(3, 0.05))
    assert [text.get_text() for text in axes.texts] == [
        "\N{MINUS SIGN}0.500 ±0.098",
        "+0.300 ±0.098",
        "\N{MINUS SIGN}0.010 ±0.098",
    ]
    assert [text.xy[0] for text in axes.texts] == pytest.approx([0.0, 0.398, 0.088])


def test_small_values_are_told_apart():
    axes = drawn(np.array([2e-4, -1e-5]), None)
    assert [text.get_text() for text in axes.texts] == ["+0.00020", "\N{MINUS SIGN}0.00001"]


def test_the_others_are_one_bar_with_their_sum():
    phi = np.concatenate([np.full(MOST, 0.5), np.full(10, -0.1)])
    axes = drawn(phi, np.full(len(phi), 0.01))
    last = axes.patches[-1]
    assert (last.get_width(), to_hex(last.get_facecolor())) == (pytest.approx(-1.0), NEGATIVE)
    assert axes.get_yticklabels()[-1].get_text() == "10 others together"
    assert axes.texts[-1].get_text() == "\N{MINUS SIGN}1.000"
    assert len(whiskers(axes)) == MOST
    assert axes.get_xlim()[0] < -1


def test_mathematics_is_text():
    assert not any(label.get_parse_math() for label in drawn(np.ones(1), None, tokens=["$x^{"]).get_yticklabels())
