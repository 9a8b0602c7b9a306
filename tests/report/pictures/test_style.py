import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from report.pictures.style import bounds, decimals, error, new_figure, roomy, save, short, value


@pytest.mark.parametrize(
    ("phi", "digits", "said"),
    [
        (0.2, 3, "+0.200"),
        (-0.98, 3, "\N{MINUS SIGN}0.980"),
        (0.00019, 5, "+0.00019"),
        (-12.759, 3, "\N{MINUS SIGN}12.759"),
    ],
)
def test_values_are_written_with_two_digits_of_the_largest(phi, digits, said):
    assert decimals(np.array([phi, phi / 100, np.nan])) == digits
    assert value(phi, digits) == said


def test_what_is_rounded_to_nothing_has_no_sign():
    assert [value(phi, 3) for phi in (-0.0001, 0.0001, 0.0)] == ["0.000"] * 3


def test_an_error_is_written_unless_all_was_enumerated():
    assert [error(se, 3) for se in (0.1, 0.0001, 0.0)] == ["±0.196", "±<0.001", "±0"]


def test_an_axis_holds_errors_and_zero():
    assert bounds(np.array([0.5, np.nan]), np.array([0.1, 9.0])) == pytest.approx((0.0, 0.696))
    assert bounds(np.array([-0.5, -0.1]), None) == (-0.5, 0.0)
    assert roomy(0.0, 0.0) == (-1.0, 1.0)
    low, high = roomy(-1.0, 3.0)
    assert low < -1 < 3 < high


def test_names_fit_in_a_line_that_xml_allows():
    assert short("a\x07\n b\x00") == "a\N{REPLACEMENT CHARACTER} b\N{REPLACEMENT CHARACTER}"
    assert short(" ") == "' '"
    assert short("x" * 60) == "x" * 23 + "…"
    assert len(short("x" * 60, 44)) == 44


def test_a_figure_is_the_same_file_again_and_valid_xml(tmp_path):
    paths = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for path in paths:
        save(new_figure(3, 2, f"{short('a' + chr(7))} $x^{{ <&", uncertain=True), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert ET.parse(paths[0]).getroot().tag.endswith("svg")  # noqa: S314  # our own file


def test_an_unknown_format_names_those_there_are(tmp_path):
    with pytest.raises(ValueError, match="'pdf'; the formats are png, svg"):
        save(new_figure(3, 2, "", uncertain=True), tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in [name for name in sys.modules if name == "report.portrait" or name.startswith("report.pictures")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match=r"pip install 'mmexplain\[report\]'"):
        import report.portrait  # noqa: F401, PLC0415
