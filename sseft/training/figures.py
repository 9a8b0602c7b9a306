"""How good a model is on clips that it isn't trained on, in a few figures."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from sseft.config import ModelConfig
from sseft.heads import values_of
from sseft.metrics.classes import NEUTRAL, ClassFigures
from sseft.metrics.emotions import emotion_figures
from sseft.metrics.scores import score_figures
from sseft.training.loss import Loss
from sseft.training.source import Label

YES = 0.5


def figures_of(config: ModelConfig, logits: Tensor, labels: Sequence[Label]) -> dict[str, float]:
    """The loss, unweighted, and the figures of the model's head.

    Args:
        config: of the model.
        logits: [S, logits].
        labels: [S].

    Returns:
        softmax: accuracy, weighted and macro F1, and the dual accuracy where there is a class `neutral`. binary:
        accuracy and weighted F1, each the mean over emotions. score: mean absolute error and accuracy of seven.
    """
    values = values_of(logits.numpy(), config.head)
    found = {"loss": float(Loss(config.head)(logits, labels))}
    if config.head == "score":
        scores = score_figures(np.array(labels, dtype=np.float64), values[:, 0])
        return found | {
            "mean absolute error": scores.mean_absolute_error,
            "accuracy of seven": scores.accuracy_of_seven,
        }
    if config.head == "binary":
        emotions = emotion_figures(np.array(labels, dtype=bool), values > YES, config.labels).values()
        return found | {
            "accuracy": float(np.mean([one.accuracy for one in emotions])),
            "weighted F1": float(np.mean([one.weighted(one.f1) for one in emotions])),
        }
    true, predicted = ([config.labels[i] for i in chosen] for chosen in (labels, values.argmax(-1)))  # type: ignore[index]
    classes = ClassFigures.of(true, predicted, config.labels)
    dual = {"dual accuracy": classes.dual_accuracy} if NEUTRAL in config.labels else {}
    return (
        found
        | {
            "accuracy": classes.accuracy,
            "weighted F1": classes.weighted(classes.f1),
            "macro F1": classes.macro(classes.f1),
        }
        | dual
    )
