import numpy as np
import pytest
from sklearn import metrics as oracle

from sseft.metrics.classes import ClassFigures

LABELS = ("neutral", "sadness", "anger", "joy", "fear")


@pytest.fixture(params=range(5))
def pair(request):
    """True and predicted labels, of which some never occur."""
    rng = np.random.default_rng(request.param)
    true = rng.choice(LABELS[: 3 + request.param % 3], 60)
    predicted = np.where(rng.random(60) < 0.5, true, rng.choice(LABELS[:4], 60))
    return true.tolist(), predicted.tolist()


def test_every_figure_is_scikit_learns(pair):
    figures = ClassFigures.of(*pair, LABELS)
    assert np.array_equal(figures.confusion, oracle.confusion_matrix(*pair, labels=LABELS))
    assert figures.accuracy == pytest.approx(oracle.accuracy_score(*pair))
    each = oracle.precision_recall_fscore_support(*pair, labels=LABELS, average=None, zero_division=0)
    for mine, theirs in zip((figures.precision, figures.recall, figures.f1, figures.support), each, strict=True):
        assert mine == pytest.approx(theirs)
    for name in ("macro", "weighted"):
        theirs = oracle.precision_recall_fscore_support(*pair, average=name, zero_division=0)[:3]
        mean = getattr(figures, name)
        assert (mean(figures.precision), mean(figures.recall), mean(figures.f1)) == pytest.approx(theirs)


def test_neutral_against_the_rest_is_a_choice_of_two(pair):
    true, predicted = ([label == "neutral" for label in labels] for labels in pair)
    two = ClassFigures.of(*pair, LABELS).against_the_rest("neutral")
    assert two.accuracy == pytest.approx(oracle.accuracy_score(true, predicted))
    assert two.f1[0] == pytest.approx(oracle.f1_score(true, predicted))
    assert ClassFigures.of(*pair, LABELS).dual_accuracy == pytest.approx(
        oracle.balanced_accuracy_score(true, predicted)
    )


def test_always_neutral_has_a_dual_accuracy_of_one_half():
    figures = ClassFigures.of(["neutral"] * 75 + ["joy"] * 25, ["neutral"] * 100, LABELS)
    assert (figures.accuracy, figures.dual_accuracy) == (0.75, 0.5)


@pytest.mark.parametrize(
    ("true", "predicted", "said"),
    [([], [], "0 true"), (["joy"], [], "1 true labels and 0"), (["joy"], ["fury"], "'fury' is none of the classes")],
)
def test_what_cannot_be_counted_is_refused(true, predicted, said):
    with pytest.raises(ValueError, match=said):
        ClassFigures.of(true, predicted, LABELS)


def test_a_class_that_is_none_has_no_rest():
    with pytest.raises(ValueError, match="'fury' is none of"):
        ClassFigures.of(["joy"], ["joy"], LABELS).against_the_rest("fury")


def test_without_neutral_segments_there_is_no_dual_accuracy():
    assert np.isnan(ClassFigures.of(["joy"], ["joy"], LABELS).dual_accuracy)
