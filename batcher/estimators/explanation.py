"""What an estimator returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from batcher.estimators.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Explanation:
    """Shapley values of the joint game, players ordered text, audio, video.

    Raises:
        ValueError: phi has other than two axes, or se another shape than phi.
    """

    phi: FloatArray
    """Shapley values, float64 [p, C], in the unit of the values."""

    se: FloatArray | None = None
    """Standard errors, float64 [p, C]; None where the estimator gives none."""

    diagnostics: Mapping[str, float] = field(default_factory=dict)
    """Figures by which to judge the estimate; each estimator documents its own."""

    def __post_init__(self) -> None:
        if self.phi.ndim != 2:  # noqa: PLR2004 (players, classes)
            raise ValueError(f"phi has shape {self.phi.shape}: give [p, C], one row per player")
        if self.se is not None and self.se.shape != self.phi.shape:
            raise ValueError(f"se has shape {self.se.shape}, phi {self.phi.shape}: give se the shape of phi")
