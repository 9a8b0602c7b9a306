"""The figures of predictions, each with an interval where there is one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from report.evaluation.predictions import Predictions
from sseft.metrics.bootstrap import Interval, bootstrapped
from sseft.metrics.classes import NEUTRAL, ClassFigures
from sseft.metrics.emotions import emotion_figures
from sseft.metrics.scores import score_figures


@dataclass(frozen=True)
class Evaluation:
    """How good predictions are."""

    segments: int
    figures: dict[str, Interval | float]
    """By name, with an interval where resampling a confusion gives one."""
    choices: dict[str, ClassFigures]
    """Confusions by what is chosen: the class, whether it is neutral, yes or no of each emotion, or a score's sign."""


def figures_of(evaluation: Evaluation) -> dict[str, Any]:
    """The figures as JSON has them."""
    return {
        name: vars(figure) if isinstance(figure, Interval) else figure for name, figure in evaluation.figures.items()
    }


CLASS: Final = "class"
SIGN: Final = "sign"


def evaluate(predictions: Predictions) -> Evaluation:
    """Figures of MELD for a softmax head, of IEMOCAP for a binary one, of MOSEI for a score.

    Raises:
        ResultError: true labels don't suit the model's head.
        ValueError: a true label is none of the model's, or a score is no finite number.
    """
    if predictions.head == "score":
        return _of_scores(predictions)
    choices = _choices(predictions)
    return Evaluation(len(predictions.true), _by_choice(choices), choices)


def _choices(predictions: Predictions) -> dict[str, ClassFigures]:
    if predictions.head == "binary":
        true, predicted = predictions.true_emotions, predictions.predicted_emotions
        return dict(emotion_figures(true, predicted, predictions.labels))
    every = ClassFigures.of(predictions.true, predictions.predicted, predictions.labels)
    return {CLASS: every} | ({NEUTRAL: every.against_the_rest(NEUTRAL)} if NEUTRAL in every.labels else {})


def _figures(choice: str, of: ClassFigures) -> Iterator[tuple[str, Interval]]:
    yield "accuracy", bootstrapped(of, lambda found: found.accuracy)
    yield "weighted F1", bootstrapped(of, lambda found: found.weighted(found.f1))
    yield "macro F1", bootstrapped(of, lambda found: found.macro(found.f1))
    if choice == CLASS:
        yield "weighted precision", bootstrapped(of, lambda found: found.weighted(found.precision))
        yield "macro precision", bootstrapped(of, lambda found: found.macro(found.precision))
        yield "macro recall", bootstrapped(of, lambda found: found.macro(found.recall))
        if NEUTRAL in of.labels and of.against_the_rest(NEUTRAL).support.all():
            yield "dual accuracy", bootstrapped(of, lambda found: found.dual_accuracy)


def _of_scores(predictions: Predictions) -> Evaluation:
    found = score_figures(predictions.true_scores, predictions.values[:, 0])
    plain = {
        "mean absolute error": found.mean_absolute_error,
        "correlation": found.correlation,
        "accuracy of seven": found.accuracy_of_seven,
    }
    choices = {SIGN: found.signs} if found.signs else {}
    figures: dict[str, Interval | float] = {name: value for name, value in plain.items() if value is not None}
    return Evaluation(len(predictions.true), figures | _by_choice(choices), choices)


def _by_choice(choices: Mapping[str, ClassFigures]) -> dict[str, Interval | float]:
    return {
        name if choice == CLASS else f"{choice}: {name}": figure
        for choice, of in choices.items()
        for name, figure in _figures(choice, of)
    }
