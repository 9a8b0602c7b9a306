"""Players: what of a clip can be masked, and what each of them is called in the results."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from media.modality import Modality

NEVER_MASKED: Final = -1


@dataclass(frozen=True)
class Player:
    """One player, as a row of `attributions/` describes it. Times are in the media file's time."""

    modality: Modality
    index: int
    """Within the modality."""
    token: str | None = None
    """What it says: its text, or the word that is spoken; or the name of a region of the picture."""
    char_start: int | None = None
    char_end: int | None = None
    start_ms: float | None = None
    end_ms: float | None = None
    row: int | None = None
    column: int | None = None
    frame_group: int | None = None
    cells: tuple[int, ...] | None = None
    """Of a region that isn't one cell: those that it covers in any frame, each row * 4 + column."""


@dataclass(frozen=True)
class Players:
    """The players of one modality of a clip."""

    content: NDArray[Any]
    """What they mask parts of: token ids [L], wave [N] or frames [F, 3, S, S]."""
    positions: NDArray[np.int64]
    """The player of each position (token [L], sample [N], or cell of a frame [F, 4, 4]), -1 for none."""
    described: tuple[Player, ...]

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.described)
