"""A region: some cells of the picture for some time, under a name, as a tool other than the model found them."""

import math
from dataclasses import dataclass
from typing import Final

CELLS: Final = 4
"""Cells of the picture along each axis."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture, in the media file's time."""

    player: str
    """Its name: regions of one name are one player."""
    row: int | None = None
    """Of the cells, from the top; None: all rows."""
    column: int | None = None
    """From the left; None: all columns."""
    start_ms: float | None = None
    """None: from the segment's start."""
    end_ms: float | None = None
    """Exclusive; None: to the segment's end."""

    def __post_init__(self) -> None:
        """Check that it is a part of a picture.

        Raises:
            ValueError: it has no name, its cell is none of the picture's, or its span is none.
        """
        if not self.player:
            raise ValueError("player is empty: give the region's name")
        for name, cell in (("row", self.row), ("column", self.column)):
            if cell is not None and not 0 <= cell < CELLS:
                raise ValueError(f"{name} is {cell}: give 0 to {CELLS - 1}, or nothing for the whole axis")
        for name, time_ms in (("start_ms", self.start_ms), ("end_ms", self.end_ms)):
            if time_ms is not None and not math.isfinite(time_ms):
                raise ValueError(f"{name} is {time_ms}: give milliseconds, or nothing for the segment's own")
        if self.start_ms is not None and self.end_ms is not None and self.start_ms >= self.end_ms:
            raise ValueError(f"start_ms is {self.start_ms}, end_ms {self.end_ms}: give an end after the start")
