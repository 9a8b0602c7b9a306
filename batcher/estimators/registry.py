"""Estimators by name: those built in, and those that other packages register."""

from importlib.metadata import EntryPoint, entry_points

from batcher.estimators import (
    chains,
    exact,
    grid_interpolation,
    grid_interpolation_ard,
    grid_kernelshap,
    kernelshap,
    permutation,
)
from batcher.estimators.estimator import CoalitionEstimator, DesignKind, Estimator, GridEstimator

ENTRY_POINT_GROUP = "mmexplain.estimators"

DEFAULT = "grid-interpolation"

BUILT_IN: dict[str, Estimator] = {
    "chains": chains.ESTIMATOR,
    "exact": exact.ESTIMATOR,
    "grid-interpolation": grid_interpolation.ESTIMATOR,
    "grid-interpolation-ard": grid_interpolation_ard.ESTIMATOR,
    "grid-kernelshap": grid_kernelshap.ESTIMATOR,
    "kernelshap": kernelshap.ESTIMATOR,
    "permutation": permutation.ESTIMATOR,
}


def estimator_names() -> tuple[str, ...]:
    """Names that `estimate` takes, sorted: built in, or registered under `mmexplain.estimators`."""
    return tuple(sorted(BUILT_IN.keys() | entry_points(group=ENTRY_POINT_GROUP).names))


def takes_grid(name: str) -> bool:
    """Whether an estimator takes a product grid, which is what explaining evaluates.

    Raises:
        ValueError: As `find_estimator`.
        TypeError: As `find_estimator`.
    """
    found = find_estimator(name)
    return isinstance(found, GridEstimator) or found.accepts_grid


def design_kind(name: str) -> DesignKind:
    """What the designs of an estimator that takes a grid are made of.

    Raises:
        ValueError: As `find_estimator`.
        TypeError: As `find_estimator`.
    """
    found = find_estimator(name)
    return found.design if isinstance(found, GridEstimator) else "pairs"


def takes_sparse_grid(name: str) -> bool:
    """Whether an estimator takes a part of a grid.

    Raises:
        ValueError: As `find_estimator`.
        TypeError: As `find_estimator`.
    """
    found = find_estimator(name)
    return isinstance(found, GridEstimator) and found.run_sparse is not None


def find_estimator(name: str) -> Estimator:
    """The estimator of a name; a built-in one whatever other packages register under its name.

    Raises:
        ValueError: The name is unknown, or several packages register it.
        TypeError: What a package registers under the name is no estimator.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    found = tuple(entry_points(group=ENTRY_POINT_GROUP, name=name))
    if not found:
        raise ValueError(f"unknown estimator {name!r}; valid names are: {', '.join(estimator_names())}")
    if len({point.value for point in found}) > 1:
        targets = ", ".join(sorted(point.value for point in found))
        raise ValueError(f"estimator {name!r} is registered more than once ({targets}): uninstall all but one")
    return _load(found[0])


def _load(point: EntryPoint) -> Estimator:
    estimator = point.load()
    if not isinstance(estimator, GridEstimator | CoalitionEstimator):
        raise TypeError(
            f"estimator {point.name!r} ({point.value}) is a {type(estimator).__name__}: let its entry point "
            "name a GridEstimator or a CoalitionEstimator of batcher.estimators"
        )
    return estimator
