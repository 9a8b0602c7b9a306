from dataclasses import dataclass

import numpy as np
import pytest

from batcher.designs import DRAW
from batcher.estimators import design_kind, flatten_grid


@dataclass(frozen=True)
class UnanimityGame:
    """v(S) = sum of the c_T with T in S, so phi_i = sum over the T that hold i of c_T / |T|."""

    terms: np.ndarray  # bool [terms, p]
    worth: np.ndarray  # float64 [terms, C]

    def __call__(self, coalitions):
        return self._met(coalitions, self.terms) @ self.worth

    def on_grid(self, designs):
        parts = np.split(self.terms, np.cumsum([design.shape[1] for design in designs])[:-1], axis=1)
        met = [self._met(design, part) for design, part in zip(designs, parts, strict=True)]
        return np.einsum("jt,kt,lt,tc->jklc", *met, self.worth, optimize=True)

    @property
    def phi(self):
        return (self.terms / self.terms.sum(axis=1, keepdims=True)).T @ self.worth

    @staticmethod
    def _met(coalitions, terms):
        return (coalitions[:, None] | ~terms).all(axis=2).astype(float)


@pytest.fixture(scope="session")
def unanimity_game():
    def build(p, *, terms, largest, classes=2, seed=0):
        rng = np.random.default_rng(seed)
        sets = np.zeros((terms, p), dtype=bool)
        for row in sets:
            row[rng.choice(p, rng.integers(1, min(largest, p) + 1), replace=False)] = True
        return UnanimityGame(sets, rng.normal(size=(terms, classes)))

    return build


@pytest.fixture(scope="session")
def every_coalition():
    def build(p):
        codes = range(2**p)
        return np.array([[code >> i & 1 for i in range(p)] for code in codes], dtype=bool).reshape(len(codes), p)

    return build


class NetworkGame:
    """Softmax of a small random network on the players that are there: interactions of every order."""

    def __init__(self, p, classes, seed):
        rng = np.random.default_rng(seed)
        self.inner = 2 * rng.normal(size=(p, 30)) / np.sqrt(p)
        self.shift = rng.normal(size=30)
        self.outer = rng.normal(size=(30, classes))

    def __call__(self, coalitions):
        powers = np.exp(np.tanh(coalitions @ self.inner + self.shift) @ self.outer)
        return powers / powers.sum(axis=-1, keepdims=True)

    def on_grid(self, designs):
        shape = tuple(map(len, designs))
        _, coalitions = flatten_grid(np.zeros((*shape, 1)), designs)
        return self(coalitions).reshape(*shape, -1)


@pytest.fixture(scope="session")
def network_game():
    def build(p, *, classes=3, seed=1):
        return NetworkGame(p, classes, seed)

    return build


@pytest.fixture(scope="session")
def sampled_designs():
    """Designs of the kind that an estimator takes, of sizes n and at most K masks each."""

    def draw(estimator, sizes, K, seed):
        kind = DRAW[design_kind(estimator)]
        return tuple(kind(n, K, 3 * seed + m) for m, n in enumerate(sizes))

    return draw
