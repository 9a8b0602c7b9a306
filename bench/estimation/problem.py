"""A segment to explain: players, designs, and logits of the whole grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from batcher.designs import DRAW
from batcher.estimators import design_kind
from bench.grid_game import Designs

CLASSES: Final = 7
WIDTH: Final = 8
"""Of the random network that makes the logits."""


@dataclass(frozen=True)
class Size:
    """Of a segment, by modality in the order text, audio, video."""

    n: tuple[int, int, int]
    """Players."""
    K: tuple[int, int, int]
    """Sub-masks, fewer than 2^n."""

    @property
    def groups(self) -> NDArray[np.intp]:
        """The modality of each player."""
        return np.repeat(np.arange(len(self.n)), self.n)


SIZES: Final[Mapping[str, Size]] = {
    "a sentence": Size((17, 7, 16), (64, 64, 64)),
    "a long text": Size((35, 7, 16), (140, 64, 64)),
}


@dataclass(frozen=True, eq=False)
class Problem:
    """What an estimator is given, before the softmax."""

    size: Size
    designs: Designs
    logits: NDArray[np.float32]
    """[K_T, K_A, K_V, C]."""


def problem_of(size: Size, estimator: str, seed: int = 0) -> Problem:
    """A segment of this size, with designs of the kind that an estimator takes, and logits of a random network."""
    draw = DRAW[design_kind(estimator)]
    text, audio, video = (draw(n, K, seed) for n, K in zip(size.n, size.K, strict=True))
    rng = np.random.default_rng(seed)
    T, A, V = (_encoded(design, rng) for design in (text, audio, video))
    hidden = np.tanh(T[:, None, None] + A[:, None] + V)
    logits = hidden @ rng.normal(size=(WIDTH, CLASSES))
    return Problem(size, (text, audio, video), logits.astype(np.float32))


def _encoded(design: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[Any]:
    return np.tanh(design @ rng.normal(size=(design.shape[1], WIDTH)) / 2) @ rng.normal(size=(WIDTH, WIDTH))
