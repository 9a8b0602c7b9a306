from dataclasses import dataclass

import numpy as np
import pytest


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
