import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn import metrics as oracle

from sseft.metrics.bootstrap import bootstrapped
from sseft.metrics.classes import ClassFigures
from sseft.metrics.emotions import emotion_figures
from sseft.metrics.scores import score_figures


def test_emotions_are_chosen_one_by_one():
    rng = np.random.default_rng(0)
    true, predicted = rng.random((2, 50, 4)) < 0.3
    found = emotion_figures(true, predicted, ["neu", "sad", "ang", "hap"])
    for i, figures in enumerate(found.values()):
        assert figures.accuracy == pytest.approx(oracle.accuracy_score(true[:, i], predicted[:, i]))
        weighted = oracle.f1_score(true[:, i], predicted[:, i], average="weighted")
        assert figures.weighted(figures.f1) == pytest.approx(weighted)


def test_emotions_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"both are \[S, 2\]"):
        emotion_figures(np.ones((3, 2), bool), np.ones((3, 3), bool), ["neu", "sad"])


def test_scores_have_the_figures_of_mosei():
    rng = np.random.default_rng(1)
    true = np.round(rng.uniform(-3, 3, 80), 1)
    true[:5] = 0
    predicted = true + rng.normal(size=80)
    found = score_figures(true, predicted)
    assert found.mean_absolute_error == pytest.approx(oracle.mean_absolute_error(true, predicted))
    assert found.correlation == pytest.approx(pearsonr(true, predicted).statistic)
    classes = [np.round(np.clip(scores, -3, 3)) for scores in (true, predicted)]
    assert found.accuracy_of_seven == pytest.approx(oracle.accuracy_score(*classes))
    signs = true[true != 0] > 0, predicted[true != 0] > 0
    assert found.signs.accuracy == pytest.approx(oracle.accuracy_score(*signs))
    assert found.signs.weighted(found.signs.f1) == pytest.approx(oracle.f1_score(*signs, average="weighted"))


def test_a_constant_has_no_correlation_and_zeros_no_sign():
    found = score_figures(np.zeros(3), np.array([0.1, 0.2, 3.4]))
    assert (found.correlation, found.signs) == (None, None)
    assert found.accuracy_of_seven == pytest.approx(2 / 3)


@pytest.mark.parametrize("wrong", [np.zeros(2), np.array([np.nan, 0, 0])])
def test_scores_that_cannot_be_compared_are_refused(wrong):
    with pytest.raises(ValueError, match="score"):
        score_figures(wrong, np.zeros(3))


def test_an_interval_is_what_resampling_segments_gives():
    rng = np.random.default_rng(2)
    true = rng.choice(["a", "b", "c"], 200)
    predicted = np.where(rng.random(200) < 0.6, true, "a")
    interval = bootstrapped(ClassFigures.of(list(true), list(predicted), "abc"), lambda found: found.macro(found.f1))
    drawn = rng.integers(0, 200, (1000, 200))
    scores = [oracle.f1_score(true[i], predicted[i], average="macro") for i in drawn]
    assert interval.value == pytest.approx(oracle.f1_score(true, predicted, average="macro"))
    assert (interval.low, interval.high) == pytest.approx(np.quantile(scores, [0.025, 0.975]), abs=0.01)


def test_the_same_seed_draws_the_same():
    figures = ClassFigures.of(list("aabb"), list("abab"), "ab")
    assert bootstrapped(figures, lambda found: found.accuracy) == bootstrapped(figures, lambda found: found.accuracy)
