import numpy as np
import pytest
from scipy.stats import spearmanr

from report.questions.agreement import Compared, agreements, rank_correlation


def compared(label, shap, attention, token_order=None):
    names = ("text", "audio", "video")
    by_name = [dict(zip(names, shares, strict=True)) for shares in (shap, attention)]
    return Compared("a", label, "p", *by_name, token_order)


def test_a_segment_by_both():
    one = compared("joy", (0.7, 0.2, 0.1), (0.3, 0.5, 0.2))
    assert not one.same_strongest
    assert one.distance == pytest.approx(0.4)
    assert compared("joy", (0.5, 0.3, 0.2), (0.4, 0.3, 0.3)).same_strongest


def test_labels_and_all_are_means_over_their_segments():
    segments = [
        compared("joy", (0.7, 0.2, 0.1), (0.3, 0.5, 0.2), 0.5),
        compared("joy", (0.6, 0.3, 0.1), (0.5, 0.3, 0.2)),
        compared("fear", (0.2, 0.7, 0.1), (0.1, 0.8, 0.1), -0.5),
    ]
    every, joy, fear = agreements(segments)
    assert [(one.kind, one.name, one.segments) for one in (every, joy, fear)] == [
        ("all", "all", 3), ("label", "joy", 2), ("label", "fear", 1),
    ]  # fmt: skip
    assert every.same_strongest.mean == pytest.approx(2 / 3)
    assert joy.distance.mean == pytest.approx((0.4 + 0.1) / 2)
    assert (every.token_order.mean, every.token_order.count) == (0.0, 2)
    assert joy.shap["text"].mean == pytest.approx(0.65)
    assert fear.attention["audio"].mean == pytest.approx(0.8)
    assert every.segment_order["text"] == pytest.approx(spearmanr([0.7, 0.6, 0.2], [0.3, 0.5, 0.1]).statistic)
    assert fear.segment_order["text"] is None


def test_nothing_has_no_agreement():
    assert agreements([]) == ()


def test_order_is_spearmans_with_ties():
    first, second = np.array([1.0, 2.0, 2.0, 5.0]), np.array([0.0, 3.0, 1.0, 1.0])
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)
    assert rank_correlation(first, np.ones(4)) is None
    assert rank_correlation(first[:2], second[:2]) is None
