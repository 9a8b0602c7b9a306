import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from sseft.training.loss import Loss, balanced_weights

LABELS = [0, 0, 0, 0, 0, 0, 1, 2]
LOGITS = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))


def test_balanced_weights_are_scikit_learns():
    expected = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    assert balanced_weights(LABELS, 3) == pytest.approx(expected)
    assert balanced_weights(LABELS, 4)[3] == 0


def test_with_class_weights_a_rare_class_counts_as_much_as_a_frequent_one():
    weighted = Loss("softmax", balanced_weights(LABELS, 3))(LOGITS, LABELS)
    each = functional.cross_entropy(LOGITS, torch.tensor(LABELS), reduction="none")
    assert float(weighted) == pytest.approx(float((each[:6].mean() + each[6] + each[7]) / 3), rel=1e-5)


def test_a_focus_of_0_is_cross_entropy_and_more_counts_what_is_clear_for_less():
    plain = Loss("softmax")(LOGITS, LABELS)
    assert float(Loss("softmax", focus=1e-12)(LOGITS, LABELS)) == pytest.approx(float(plain))
    clear, unclear = torch.tensor([[4.0, 0.0]]), torch.tensor([[0.0, 0.0]])
    ratios = [float(Loss("softmax", focus=2.0)(x, [0]) / Loss("softmax")(x, [0])) for x in (clear, unclear)]
    p = 1 / (1 + np.exp(-4))
    assert ratios == pytest.approx([(1 - p) ** 2, 0.25], rel=1e-4)


def test_the_focal_loss_takes_class_weights():
    weights = (0.5, 2.0, 3.0)
    p = torch.softmax(LOGITS, -1)[torch.arange(8), LABELS]
    counted = torch.tensor(weights)[LABELS]
    expected = (counted * (1 - p) * -p.log()).sum() / counted.sum()
    assert float(Loss("softmax", weights, 1.0)(LOGITS, LABELS)) == pytest.approx(float(expected))


def test_a_score_is_off_by_its_absolute_error():
    assert float(Loss("score")(torch.tensor([[1.0], [-2.0]]), [0.5, 1.0])) == pytest.approx(1.75)


def test_a_binary_head_answers_for_every_emotion():
    logits = torch.randn(2, 6, generator=torch.Generator().manual_seed(1))
    labels = [(True, False, False), (False, True, True)]
    pairs, answers = logits.view(-1, 2), torch.tensor([1, 0, 0, 0, 1, 1])
    assert float(Loss("binary")(logits, labels)) == pytest.approx(float(functional.cross_entropy(pairs, answers)))
