"""Heads: how a model's logits become the values that are explained. No torch."""

from collections.abc import Sequence
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

HeadKind = Literal["softmax", "score", "binary"]
"""`softmax`: one of C classes. `score`: a number without bounds. `binary`: yes or no for each of C classes."""
HEAD_KINDS: Final[tuple[HeadKind, ...]] = get_args(HeadKind)

FEWEST_OF_SOFTMAX: Final = 2
"""The softmax of one logit is 1, whatever the logit."""


def logit_count(head: HeadKind, labels: int) -> int:
    """Logits of a head of so many labels: (no, yes) for each of a binary head, else one."""
    return 2 * labels if head == "binary" else labels


def check_head(head: str, labels: Sequence[str]) -> None:
    """Look for labels that a head can't have.

    Raises:
        ValueError: the kind of head is unknown, or it needs more or fewer labels.
    """
    if head not in HEAD_KINDS:
        raise ValueError(f"the head is {head!r}; choose one of {', '.join(HEAD_KINDS)}")
    if head == "score" and len(labels) != 1:
        raise ValueError(f"a score head has one label, not the {len(labels)} of {tuple(labels)}; name one")
    if head == "softmax" and len(labels) < FEWEST_OF_SOFTMAX:
        raise ValueError(f"a softmax head has two labels or more, not {tuple(labels)}; is it a score head?")
    if len(set(labels)) < len(labels) or not all(label.strip() for label in labels):
        raise ValueError(f"the labels {tuple(labels)} are empty or stand twice; name each class")
    if not labels:
        raise ValueError(f"a {head} head has no labels; name at least one")


def label_at(label: str, labels: Sequence[str], head: HeadKind) -> str:
    """The name of a true label, which may be written as its place among the model's labels, from 0.

    The original's label files have them so. A score is a number itself, and a name that is a number is a name.

    Args:
        label: as a collection has it.
        labels: the model's.
        head: its kind.

    Returns:
        The name; what is no place is as it was.
    """
    if head == "score" or label in labels or not (label.isascii() and label.isdecimal()):
        return label
    return labels[int(label)] if int(label) < len(labels) else label


def values_of(logits: NDArray[Any], head: HeadKind) -> NDArray[np.float64]:
    """What a head's logits say of each class.

    Args:
        logits: float [..., logits].
        head: its kind.

    Returns:
        float64 [..., C]. softmax: probabilities, which add up to 1. binary: P(yes) of each class, which don't.
        score: the logit itself.
    """
    if head == "score":
        return logits.astype(np.float64)
    if head == "binary":
        return _softmax(logits.reshape(*logits.shape[:-1], -1, 2))[..., 1]
    return _softmax(logits)


def _softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities over the last axis; in memory the classes come first, which is how sums over a grid are fast."""
    shifted = np.moveaxis(logits, -1, 0).astype(np.float64, order="C")
    shifted -= shifted.max(axis=0)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=0)
    return np.moveaxis(shifted, 0, -1)
