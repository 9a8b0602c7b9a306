"""Shapley values by other people's libraries, each at its strongest setting, as functions of a look-up.

None of them knows of modalities: to each, a game is a function of coalitions.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import captum.attr
import numpy as np
import shap
import shapiq
import torch
from numpy.typing import NDArray

from bench.grid_game import FloatArray

BATCH: Final = 1024
"""Coalitions in one call of a library that has to be told so."""

LookUp = Callable[[NDArray[Any]], FloatArray]
"""Values [M] of coalitions [M, p]."""


@dataclass(frozen=True)
class Library:
    """One estimator of one library."""

    run: Callable[[LookUp, int, int, int], FloatArray]
    """(look-up, players p, budget of evaluations, seed) -> phi float64 [p]; asks for `budget` coalitions at most."""
    fewest: Callable[[int], int]
    """Evaluations below which it gives nothing for p players."""


def _shap_permutation(look_up: LookUp, p: int, budget: int, seed: int) -> FloatArray:
    """Antithetic permutations of 2 p + 1 evaluations, as many as the budget allows."""
    with _global_seed(seed):
        explainer = shap.PermutationExplainer(look_up, shap.maskers.Independent(np.zeros((1, p))), seed=seed)
        phi: FloatArray = explainer(np.ones((1, p)), max_evals=budget, silent=True).values[0]
    return phi


def _shap_kernel(look_up: LookUp, p: int, budget: int, seed: int) -> FloatArray:
    """All players: by default it would keep the 10 that matter most. None and all cost two evaluations more."""
    with _global_seed(seed):
        explainer = shap.KernelExplainer(look_up, np.zeros((1, p)))
        phi: FloatArray = explainer.shap_values(np.ones(p), nsamples=budget - 2, l1_reg=False, silent=True)
    return phi


def _shapiq_kernel(look_up: LookUp, p: int, budget: int, seed: int) -> FloatArray:
    """Leverage SHAP (Musco and Witter, arXiv 2410.01917): all sizes alike, in complement pairs."""
    approximator = shapiq.approximator.KernelSHAP(
        p, pairing_trick=True, sampling_weights=np.ones(p + 1), random_state=seed
    )
    return _first_order(approximator.approximate(budget, look_up), p)


def _shapiq_kadd(look_up: LookUp, p: int, budget: int, seed: int) -> FloatArray:
    """Interactions of two players are fitted too. In complement pairs that gives what KernelSHAP gives."""
    approximator = shapiq.approximator.kADDSHAP(p, max_order=2, sampling_weights=np.ones(p + 1), random_state=seed)
    return _first_order(approximator.approximate(budget, look_up), p)


def _shapiq_svarm(look_up: LookUp, p: int, budget: int, seed: int) -> FloatArray:
    approximator = shapiq.approximator.SVARM(p, pairing_trick=True, random_state=seed)
    return _first_order(approximator.approximate(budget, look_up), p)


def _shapiq_permutation(look_up: LookUp, p: int, budget: int, seed: int) -> FloatArray:
    approximator = shapiq.approximator.PermutationSamplingSV(p, random_state=seed)
    return _first_order(approximator.approximate(budget, look_up), p)


def _captum_kernel(look_up: LookUp, p: int, budget: int, seed: int) -> FloatArray:
    with _torch_seed(seed):
        found = captum.attr.KernelShap(_of_tensors(look_up)).attribute(
            torch.ones(1, p), baselines=0, n_samples=budget, perturbations_per_eval=BATCH
        )
    return np.asarray(found[0], np.float64)


def _captum_permutation(look_up: LookUp, p: int, budget: int, seed: int) -> FloatArray:
    """Permutations of p evaluations, after one of no player."""
    with _torch_seed(seed):
        found = captum.attr.ShapleyValueSampling(_of_tensors(look_up)).attribute(
            torch.ones(1, p), baselines=0, n_samples=(budget - 1) // p, perturbations_per_eval=p
        )
    return np.asarray(found[0], np.float64)


def _first_order(found: Any, p: int) -> FloatArray:
    return np.array([found.dict_values.get((i,), 0.0) for i in range(p)])


def _of_tensors(look_up: LookUp) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda coalitions: torch.from_numpy(look_up(coalitions.numpy()))


@contextlib.contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Shap draws from numpy's global generator; what others drew from it goes on as if nothing had been."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


@contextlib.contextmanager
def _torch_seed(seed: int) -> Iterator[None]:
    """Captum draws from torch's global generator, and numpy's."""
    with _global_seed(seed), torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        yield


def _forth(p: int) -> int:
    """A permutation."""
    return p + 1


def _forth_and_back(p: int) -> int:
    """A permutation and its reverse."""
    return 2 * p + 1


def _pairs_that_span(p: int) -> int:
    """None, all, and one complement pair more than a regression needs."""
    return 2 * p + 4


LIBRARIES: Final[Mapping[str, Library]] = {
    "shap Permutation": Library(_shap_permutation, _forth_and_back),
    "shap Kernel": Library(_shap_kernel, _pairs_that_span),
    "shapiq KernelSHAP": Library(_shapiq_kernel, _pairs_that_span),
    "shapiq kADDSHAP": Library(_shapiq_kadd, _pairs_that_span),
    "shapiq SVARM": Library(_shapiq_svarm, _pairs_that_span),
    "shapiq PermutationSampling": Library(_shapiq_permutation, _forth),
    "captum KernelShap": Library(_captum_kernel, _pairs_that_span),
    "captum ShapleySampling": Library(_captum_permutation, _forth),
}
