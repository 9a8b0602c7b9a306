"""What an estimator returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np

from batcher.estimators.arrays import BoolArray, FloatArray

Noise = Literal["added", "shrunk"]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Shapley values of the joint game, players ordered text, audio, video.

    Raises:
        ValueError: phi has other than two axes, or se or errors don't fit its shape.
    """

    phi: FloatArray
    """Shapley values, float64 [p, C], in the unit of the values."""

    se: FloatArray | None = None
    """Standard errors, float64 [p, C]; None where the estimator gives none."""

    diagnostics: Mapping[str, float] = field(default_factory=dict)
    """Figures by which to judge the estimate; each estimator documents its own."""

    errors: tuple[FloatArray, ...] | None = None
    """Independent errors of phi, of each design's masks float64 [D, p, C]: the covariance of phi is the sum of all
    their outer products. None where the estimator gives none; then the errors of players count as independent."""

    noise: Noise = "added"
    """Whether the errors are those of an unbiased estimate, whose |phi| noise makes larger, or of a posterior mean,
    whose |phi| is smaller than what it estimates (`batcher.shares`)."""

    leverages: tuple[float, ...] | None = None
    """Of each design, by how much leaving masks out overstates their errors: the variance times 1 - leverage is that
    of phi in the mean, where it leans to the safe side as it is. None: nothing is overstated."""

    def __post_init__(self) -> None:
        if self.phi.ndim != 2:  # noqa: PLR2004 (players, classes)
            raise ValueError(f"phi has shape {self.phi.shape}: give [p, C], one row per player")
        if self.se is not None and self.se.shape != self.phi.shape:
            raise ValueError(f"se has shape {self.se.shape}, phi {self.phi.shape}: give se the shape of phi")
        shapes = [errors.shape for errors in self.errors or ()]
        if any(shape[1:] != self.phi.shape for shape in shapes) or (shapes and self.se is None):
            raise ValueError(f"errors have shapes {shapes}, phi {self.phi.shape}: give [D, p, C], and se with them")
        if self.leverages is not None and len(self.leverages) != len(shapes):
            raise ValueError(f"{len(self.leverages)} leverages and errors of {len(shapes)} designs: give one for each")

    @classmethod
    def of_errors(cls, phi: FloatArray, errors: tuple[FloatArray, ...], diagnostics: Mapping[str, float]) -> Self:
        """An explanation whose standard errors are those of its independent errors."""
        variance = sum((np.square(part).sum(axis=0) for part in errors), np.zeros_like(phi))
        return cls(phi, np.sqrt(variance), diagnostics, errors)

    def likely_error(self) -> FloatArray | None:
        """Standard errors without what `leverages` say is overstated, float64 [p, C]; None without any."""
        if self.errors is None or self.leverages is None:
            return self.se
        parts = zip(self.errors, self.leverages, strict=True)
        variances = [(1 - leverage) * np.square(part).sum(axis=0) for part, leverage in parts]
        return np.sqrt(sum(variances, np.zeros_like(self.phi)))

    def of_classes(self, columns: Sequence[int]) -> Self:
        """The explanation of some of the classes."""
        kept = list(columns)
        errors = None if self.errors is None else tuple(part[..., kept] for part in self.errors)
        se = None if self.se is None else self.se[:, kept]
        return replace(self, phi=self.phi[:, kept], se=se, errors=errors)

    def se_of_sum(self, players: BoolArray, column: int) -> float | None:
        """Standard error of the sum of some players' phi, of one class; None without standard errors.

        Args:
            players: bool [p].
            column: of the class.
        """
        if self.se is None:
            return None
        if self.errors is None:
            return float(np.linalg.norm(self.se[players, column]))
        sums = [part[:, players, column].sum(axis=1) for part in self.errors]
        return float(np.linalg.norm(np.concatenate(sums))) if sums else 0.0
