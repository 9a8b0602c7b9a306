import pytest

from bench.accuracy.curve import Cost
from bench.accuracy.flops import of_separate_passes, of_shared_passes


def test_a_clip_s_grid_costs_what_was_measured_of_its_parts():
    # 64 passes: text 853 GFLOP, sound 34.7 each, 90 frames of 3.78 + 0.0089 K, a head of 6.45 MFLOP a point.
    cost = Cost(64**3, *[64.0] * 6, 0.0)
    expected = 853e9 + 64 * 34.7e9 + 90 * (3.78e9 + 0.0089e9 * 64) + 1.69e12
    assert of_shared_passes(cost) == pytest.approx(expected, rel=1e-3)


def test_a_black_box_pays_every_frame_of_every_coalition():
    cost = Cost(10, *[10.0] * 3, *[2.0] * 3, 0.0)
    assert of_separate_passes(cost) == pytest.approx(10 * (853e9 / 64 + 34.7e9 + 90 * 1.034e9 + 6.45e6))
    distinct = 2 * (853e9 / 64 + 34.7e9 + 90 * 0.0089e9)
    assert of_shared_passes(cost) == pytest.approx(distinct + 90 * 3.78e9 + 10 * 6.45e6)
