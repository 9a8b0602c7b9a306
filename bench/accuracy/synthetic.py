"""Games with the structure of SSE-FT and without its encoders: three modalities, pairwise terms, a head, a softmax.

Each modality's encoding is a random network's answer to its sub-mask, so that players interact within a modality.
Of two encodings, a pair makes terms (`interaction` weighs them), and a head adds up encodings and terms and makes
logits of several classes. A game's values are the probabilities of the class that is likeliest when all players
are in: [2^n_T, 2^n_A, 2^n_V], from which everything else follows exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.grid_game import FloatArray, GridGame
from media.modality import MODALITIES

PLAYERS: Final = (10, 4, 10)
CLASSES: Final = 4
HIDDEN: Final = 16
"""Units of an encoder's inner layer."""
WIDTH: Final = 6
"""Of an encoding, of a pair's terms, and of the head's inner layer."""
SPREAD: Final = 2.0
"""Standard deviation of the logits over all coalitions, so that probabilities come near 0 and 1."""
TERMS: Final = 60
"""Of the game of conjunctions."""
ROWS: Final = 8
"""Sub-masks of the text at a time, which bounds memory."""
SAMPLE: Final = 64
"""Sub-masks of the text, about, that tell the logits' deviation."""

Logits = Callable[[NDArray[np.intp]], FloatArray]
"""[rows, 2^n_A, 2^n_V, C] of some sub-masks of the text."""


@dataclass(frozen=True)
class Network:
    """What makes one random network unlike another."""

    interaction: float
    """Weight of the pairwise terms; 0: modalities add up in the logits."""
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Weight of each modality's encoding, in the order text, audio, video."""
    steepness: float = 1.0
    """Of the encoders: the larger, the more the players of a modality interact."""


# Gains: such that the modality holds 90 to 95 % of the sum of |phi|, which a test checks.
NETWORKS: Final[Mapping[str, Network]] = {
    "independent": Network(interaction=0.0),
    "interacting": Network(interaction=1.0),
    "strongly interacting": Network(interaction=3.0, steepness=2.0),
    "text collapsed": Network(interaction=0.5, gains=(1.0, 0.06, 0.06)),
    "audio collapsed": Network(interaction=0.5, gains=(0.02, 1.0, 0.02)),
    "video collapsed": Network(interaction=0.5, gains=(0.03, 0.03, 1.0)),
}
CONJUNCTIONS: Final = "conjunctions"
SYNTHETIC: Final = (*NETWORKS, CONJUNCTIONS)


def synthetic_game(name: str, *, players: tuple[int, int, int] = PLAYERS, seed: int = 0) -> GridGame:
    """One of the games `SYNTHETIC`.

    Args:
        name: which.
        players: of text, audio and video.
        seed: of the random weights.

    Raises:
        ValueError: there is no game of this name.
    """
    return GridGame(_probabilities(synthetic_logits(name, players=players, seed=seed), players))


def synthetic_logits(name: str, *, players: tuple[int, int, int] = PLAYERS, seed: int = 0) -> Logits:
    """The logits of a game, before they are scaled.

    Args:
        name: as of `synthetic_game`, as are the others.
        players: of text, audio and video.
        seed: of the random weights.

    Raises:
        ValueError: there is no game of this name.
    """
    if name not in SYNTHETIC:
        raise ValueError(f"there is no synthetic game {name!r}; take one of {', '.join(SYNTHETIC)}")
    rng = np.random.default_rng([seed, SYNTHETIC.index(name)])
    return _Conjunctions(players, rng) if name == CONJUNCTIONS else _Layers(players, NETWORKS[name], rng)


class _Layers:
    """The weights of a network, applied to all sub-masks of each modality but for the head."""

    def __init__(self, players: tuple[int, int, int], network: Network, rng: np.random.Generator) -> None:
        encodings = [
            gain * _encodings(n, network.steepness, rng) for n, gain in zip(players, network.gains, strict=True)
        ]
        self._own = [encoding @ _weights(WIDTH, WIDTH, rng) for encoding in encodings]
        self._pairs = {
            (x, y): (encodings[x] @ _weights(WIDTH, WIDTH, rng), encodings[y] @ _weights(WIDTH, WIDTH, rng))
            for x, y in combinations(range(len(MODALITIES)), 2)
        }
        self._interaction = network.interaction
        self._head = _weights(WIDTH, CLASSES, rng)

    def __call__(self, text: NDArray[np.intp]) -> FloatArray:
        """Logits [rows, 2^n_A, 2^n_V, C] of some sub-masks of the text."""
        own = (self._own[0][text][:, None, None], self._own[1][:, None], self._own[2])
        terms = own[0] + own[1] + own[2]
        if self._interaction == 0:
            return np.asarray(terms @ self._head)
        for (x, y), (left, right) in self._pairs.items():
            # The text comes first in its pairs.
            term = np.tanh((left[text] if x == 0 else left)[:, None] * right)
            terms = terms + self._interaction * np.expand_dims(term, 3 - x - y)
        return np.asarray(np.tanh(terms) @ self._head)


class _Conjunctions:
    """Random sets of players, each of which moves the logits when all of them are in."""

    def __init__(self, players: tuple[int, int, int], rng: np.random.Generator) -> None:
        wanted = rng.random((TERMS, sum(players))) < rng.uniform(1, 5, (TERMS, 1)) / sum(players)
        parts = np.split(wanted, np.cumsum(players)[:-1], axis=1)
        self._met = [
            (_all_masks(n) @ part.T.astype(float) == part.sum(axis=1)).astype(float)
            for n, part in zip(players, parts, strict=True)
        ]
        self._weights = rng.normal(size=(TERMS, CLASSES))

    def __call__(self, text: NDArray[np.intp]) -> FloatArray:
        """Logits [rows, 2^n_A, 2^n_V, C] of some sub-masks of the text."""
        of_text, of_audio, of_video = self._met
        rest = (of_audio[:, None] * of_video).reshape(-1, TERMS)
        some = of_text[text]
        logits = np.stack([(some * weight) @ rest.T for weight in self._weights.T], axis=-1)
        return np.asarray(logits.reshape(len(some), len(of_audio), len(of_video), CLASSES))


def _probabilities(logits: Logits, players: tuple[int, int, int]) -> FloatArray:
    """Values [2^n_T, 2^n_A, 2^n_V]: the softmax, after scaling, of the class that is likeliest with all players."""
    text = np.arange(1 << players[0])
    # A step that is odd, so that every player is in and out among the sample.
    scale = SPREAD / np.std(logits(text[:: len(text) // SAMPLE | 1]), axis=(0, 1, 2)).mean()
    likeliest = int(logits(text[-1:])[-1, -1, -1].argmax())
    parts = np.array_split(text, -(-len(text) // ROWS))
    return np.concatenate([_softmax(scale * logits(part))[..., likeliest] for part in parts])


def _softmax(logits: FloatArray) -> FloatArray:
    grown = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def _encodings(n: int, steepness: float, rng: np.random.Generator) -> FloatArray:
    """Encodings [2^n, d] of all sub-masks of a modality, 0 where no player is in."""
    inner = np.tanh(steepness * (_all_masks(n) @ rng.normal(size=(n, HIDDEN)) + rng.normal(size=HIDDEN)) / np.sqrt(n))
    outer = np.tanh(inner @ _weights(HIDDEN, WIDTH, rng) * np.sqrt(steepness))
    return np.asarray(outer - outer[0])


def _weights(rows: int, columns: int, rng: np.random.Generator) -> FloatArray:
    return np.asarray(rng.normal(size=(rows, columns)) / np.sqrt(rows))


def _all_masks(n: int) -> NDArray[np.int64]:
    return np.arange(1 << n)[:, None] >> np.arange(n) & 1
