"""How well scores tell what is known to be relevant from the rest. Equal scores count as their average order would."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

BoolArray = NDArray[np.bool_]


def top_player_hit(scores: ArrayLike, relevant: ArrayLike) -> float:
    """Whether the player with the largest score is relevant.

    Args:
        scores: float [n].
        relevant: bool [n].

    Returns:
        1 or 0; of several players with the largest score, the share that is relevant; 0 where no score is positive.
    """
    found = np.asarray(scores, np.float64)
    if found.max() <= 0:
        return 0.0
    return float(np.asarray(relevant, np.bool_)[found == found.max()].mean())


def relevant_share(scores: ArrayLike, relevant: ArrayLike) -> float:
    """Share of the sum of positive scores that lies on relevant players; 0 where none is positive.

    Args:
        scores: float [n].
        relevant: bool [n].
    """
    positive = np.maximum(np.asarray(scores, np.float64), 0)
    total = float(positive.sum())
    return float(positive[np.asarray(relevant, np.bool_)].sum()) / total if total else 0.0


def average_precision(scores: ArrayLike, relevant: ArrayLike) -> float:
    """The area under the precision-recall curve: the mean precision at each relevant player, without interpolation.

    Players with equal scores stand in every order, and the area is the mean over these. Of equal scores alone that is
    the area of a random order, which among few players is well above their prevalence.

    Args:
        scores: float [n].
        relevant: bool [n], of which one is True or more.

    Raises:
        ValueError: nothing is relevant.
    """
    found, is_relevant = np.asarray(scores, np.float64), np.asarray(relevant, np.bool_)
    if not is_relevant.any():
        raise ValueError(f"none of the {len(found)} players is relevant, so there is no precision; leave them out")
    total, above, hits = 0.0, 0, 0
    for score in np.unique(found)[::-1]:
        tied = is_relevant[found == score]
        total += _tied_precisions(above, hits, len(tied), int(tied.sum()))
        above, hits = above + len(tied), hits + int(tied.sum())
    return total / hits


def _tied_precisions(above: int, hits: int, tied: int, relevant: int) -> float:
    """The expected sum of the precisions at the relevant ones of some tied players.

    A place among them holds a relevant one with probability relevant / tied; each place before it then holds one of
    the other relevant ones with probability (relevant - 1) / (tied - 1).

    Args:
        above: players with larger scores.
        hits: relevant ones among these.
        tied: players with this score.
        relevant: relevant ones among these.
    """
    place = np.arange(tied)
    others = place * (relevant - 1) / max(1, tied - 1)
    return float((relevant / tied * (hits + 1 + others) / (above + 1 + place)).sum())
