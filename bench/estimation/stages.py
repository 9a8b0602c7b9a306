"""Seconds of one explanation, whole and by its stages."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from batcher.estimators import Explanation, estimate
from batcher.estimators.arrays import FloatArray, check_distinct, check_grid
from batcher.estimators.grid_interpolation import likeliest_rho
from batcher.estimators.grid_interpolation_ard import relevance
from batcher.estimators.hamming import HammingKernel
from batcher.estimators.interpolation import classes_first, covariance_of_values
from batcher.estimators.multilinear import contract, quadrature
from batcher.estimators.rules import interpolation_rule
from batcher.shares import Shares, shares_of
from bench.estimation.problem import Problem
from sseft.heads import values_of

REPEATS: Final = 15
FITTED: Final[Mapping[str, Callable[[NDArray[np.bool_], FloatArray], FloatArray]]] = {
    "grid-interpolation": likeliest_rho,
    "grid-interpolation-ard": relevance,
}
"""The estimators whose stages can be told apart, and how they choose their kernel."""


@dataclass(frozen=True)
class Timed:
    """Seconds of some calls."""

    median: float
    least: float


def timed(call: Callable[[], object], repeats: int = REPEATS) -> Timed:
    """Time a call, after one that doesn't count."""
    call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return Timed(float(np.median(seconds)), min(seconds))


def explained(problem: Problem, estimator: str) -> Shares:
    """What a run does with a grid's logits: all classes' phi, and the shares of the predicted class."""
    values = values_of(problem.logits, "softmax")
    found = estimate(values, problem.designs, estimator=estimator)
    return _predicted_shares(found, values, problem)


def stage_calls(problem: Problem, estimator: str) -> dict[str, Callable[[], object]]:
    """The stages of `explained`, each of which can be called on its own.

    Args:
        problem: whose designs aren't enumerations.
        estimator: of those that take a grid.
    """
    values = values_of(problem.logits, "softmax")
    found = estimate(values, problem.designs, estimator=estimator)
    middle: dict[str, Callable[[], object]] = {
        "estimator": partial(estimate, values, problem.designs, estimator=estimator)
    }
    if estimator in FITTED:
        middle = _stages_of_interpolation(values, problem, estimator)
    return {
        "softmax": partial(values_of, problem.logits, "softmax"),
        **middle,
        "shares": partial(_predicted_shares, found, values, problem),
    }


def _stages_of_interpolation(values: FloatArray, problem: Problem, estimator: str) -> dict[str, Callable[[], object]]:
    """Those of `grid_interpolation` and of its refinement."""
    designs, fit, grid = problem.designs, FITTED[estimator], classes_first(values)
    covariances = [covariance_of_values(grid, axis) for axis in (1, 2, 3)]
    kernels = [HammingKernel(design, fit(design, S)) for design, S in zip(designs, covariances, strict=True)]
    t, weights = quadrature(sum(problem.size.n))
    rules = [interpolation_rule(kernel, t) for kernel in kernels]

    def check() -> None:
        check_grid(values, designs)
        check_distinct(designs)
        classes_first(values)

    return {
        "checks, centring": check,
        "covariances of masks": lambda: [covariance_of_values(grid, axis) for axis in (1, 2, 3)],
        "kernel's parameters": lambda: [fit(design, S) for design, S in zip(designs, covariances, strict=True)],
        "rules": lambda: [interpolation_rule(HammingKernel(kernel.design, kernel.rho), t) for kernel in kernels],
        "contraction": lambda: contract(grid, rules, weights),
    }


def _predicted_shares(found: Explanation, values: NDArray[Any], problem: Problem) -> Shares:
    full = tuple(int(design.sum(axis=1).argmax()) for design in problem.designs)
    predicted = int(values[full].argmax())
    return shares_of(found.of_classes([predicted]), problem.size.groups, 0, 0)
