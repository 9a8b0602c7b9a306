"""What a training is asked for."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from media.modality import MODALITIES, Modality
from mmexplain.training.base import BaseOptions
from sseft.heads import HeadKind
from sseft.training.fit import Precision
from sseft.training.recipes import THESIS, Recipe
from sseft.training.sampling import Sampling


class TrainingError(Exception):
    """A training that can't be begun, or can't go on as it was."""


@dataclass(frozen=True)
class Data:
    """The collections."""

    training: Path
    validation: Path
    test: Path | None = None


@dataclass(frozen=True)
class TrainingOptions:
    """What the trained model depends on."""

    base: BaseOptions = field(default_factory=BaseOptions)
    recipe: Recipe = THESIS
    modalities: tuple[Modality, ...] = MODALITIES
    head: HeadKind | None = None
    """None for the base's."""
    labels: tuple[str, ...] | None = None
    """None for the base's, or the head's usual ones."""
    keep_fusion: bool = False
    """Go on from the base's own fusion and head instead of fresh ones."""
    tuned: tuple[Modality, ...] = ()
    """Whose encoders are trained along."""
    class_weights: Literal["none", "balanced"] = "none"
    focus: float = 0.0
    """Gamma of the focal loss."""
    sampling: Sampling = "natural"
    modality_dropout: float = 0.0
    maskings: bool = False
    """Train on maskings of planted clips, too: without its trigger a clip is neutral."""
    seed: int = 0
    precision: Precision = "fp32"
    threads: int = 1


@dataclass(frozen=True)
class Machine:
    """Where and how fast it is trained, which changes nothing of what comes out but rounding."""

    device: str = "cpu"
    workers: int = 1
    """Threads that decode."""
    cache: Path | None = None
    """Where features are kept for the next training; None: in memory."""


def described(data: Data, options: TrainingOptions) -> dict[str, Any]:
    """All that the trained model depends on, by name: what `training.json` holds."""
    return {**asdict(data), **asdict(options)}
