"""Which clips an epoch holds, where classes are not equally frequent."""

from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Sampling = Literal["natural", "undersample", "oversample"]
SAMPLINGS: Final[tuple[Sampling, ...]] = get_args(Sampling)


def draw_epoch(labels: Sequence[int], sampling: Sampling, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the clips of an epoch, in their order.

    Args:
        labels: [S], the class of each clip.
        sampling: `natural`: each clip once. `undersample`: of the most frequent class only as many clips, others in
            each epoch, as the next most frequent has. `oversample`: of every class as many as of the most frequent,
            each of its clips as often as any other of them, give or take one.
        rng: the source.

    Returns:
        Indices of clips.
    """
    if sampling == "natural":
        return rng.permutation(len(labels))
    classes, counts = np.unique(labels, return_counts=True)
    largest = int(counts.max())
    if sampling == "undersample":
        wanted = np.minimum(counts, np.sort(counts)[-2:].min())
    else:
        wanted = np.full(len(counts), largest)
    members = [np.flatnonzero(np.equal(labels, one)) for one in classes]
    drawn = [_repeated(those, count, rng) for those, count in zip(members, wanted.tolist(), strict=True)]
    return rng.permutation(np.concatenate(drawn))


def _repeated(members: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """So many of them: all as often as possible, and some once more."""
    whole, rest = divmod(count, len(members))
    return np.concatenate([np.tile(members, whole), rng.permutation(members)[:rest]])
