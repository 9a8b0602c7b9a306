"""What of a clip is masked: one modality, how players divide it, and which of them each sub-mask keeps."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Divided:
    """One modality of a clip, divided among its players."""

    clip: NDArray[Any]
    """Token ids int64 [L], wave float32 [N], or frames uint8 [F, 3, 256, 256]."""
    player: NDArray[np.int64]
    """[L], [N] or [F, 4, 4]; -1 where nothing is ever masked."""


@dataclass(frozen=True)
class Maskable(Divided):
    """One modality of a clip and its sub-masks."""

    keep: NDArray[np.bool_]
    """[K, n]."""
