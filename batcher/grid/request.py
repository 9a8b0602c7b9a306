"""What a grid is asked of a server by, and what it answers: named arrays, written and read here for both sides."""

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from batcher.grid.calls import Slices
from batcher.grid.growing import Cell, Grid, GrowingGrid
from batcher.grid.maskable import Maskable
from media.modality import MODALITIES, Modality

Array = NDArray[Any]

CLIP: Final[Mapping[Modality, str]] = {"text": "ids", "audio": "wave", "video": "frames"}
"""The names of what players divide."""
EDGES: Final = 6
"""Of a cell: first and end row of text, audio and video."""


@dataclass(frozen=True)
class GridRequest:
    """One clip with its sub-masks, and which points of their grid are wanted."""

    clip: Mapping[Modality, Maskable]
    """The modalities that the clip has; constant encodings stand in for the others."""
    slices: Slices
    cells: tuple[Cell, ...] = ()
    """Blocks of the grid that are wanted; none: all of it."""
    grid: int = 0
    """Names a grid that later requests will extend, each with all of its sub-masks; a server that still has it computes
    what is new alone. 0: it won't grow."""

    @property
    def masks(self) -> tuple[int, int, int]:
        """Of text, audio and video: the shape of the grid."""
        text, audio, video = (len(self.clip[m].keep) if m in self.clip else 1 for m in MODALITIES)
        return text, audio, video

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """The shapes [text, audio, video] of the wanted blocks."""
        return tuple(tuple(axis.stop - axis.start for axis in cell) for cell in self.cells) or (self.masks,)

    def arrays(self) -> dict[str, Array]:
        """By name: of each modality its clip, players and sub-masks, int64 cells [C, 6], slices [7] and grid [1]."""
        found: dict[str, Array] = {}
        for modality, masked in self.clip.items():
            found |= dict(zip(names_of(modality), (masked.clip, masked.player, masked.keep), strict=True))
        cells = [[edge for axis in cell for edge in (axis.start, axis.stop)] for cell in self.cells]
        return found | {
            "cells": np.array(cells, np.int64).reshape(-1, EDGES),
            "slices": np.array(astuple(self.slices), np.int64),
            "grid": np.array([self.grid], np.int64),
        }

    @classmethod
    def read(cls, arrays: Mapping[str, Array]) -> "GridRequest":
        """The request that named arrays are. What isn't said of cells, slices and grid is what they are by default.

        Raises:
            ValueError: a modality isn't there whole, an array hasn't the shape of its kind, or a player or a cell is
                none of the clip's.
        """
        cells = arrays.get("cells", np.zeros((0, EDGES), np.int64))
        sizes = arrays["slices"].tolist() if "slices" in arrays else list(astuple(Slices()))
        if cells.shape[1:] != (EDGES,) or len(sizes) != len(fields(Slices)) or min(sizes) < 1:
            raise ValueError(f"cells are {list(cells.shape)}, slices {sizes}: give [C, 6], and 7 positive sizes")
        found = cls(
            clip={m: _maskable(m, arrays) for m in MODALITIES if any(name in arrays for name in names_of(m))},
            slices=Slices(*sizes),
            cells=tuple((slice(a, b), slice(c, d), slice(e, f)) for a, b, c, d, e, f in cells.tolist()),
            grid=int(arrays["grid"][0]) if "grid" in arrays else 0,
        )
        for cell in found.cells:
            if not all(0 <= axis.start < axis.stop <= K for axis, K in zip(cell, found.masks, strict=True)):
                raise ValueError(f"cells hold {cell}, and the grid is {found.masks}: give blocks of it")
        return found


@dataclass(frozen=True)
class GridAnswer:
    """The wanted logits, and what they cost."""

    blocks: tuple[NDArray[np.float32], ...]
    """[text, audio, video, logits] each."""
    encode_s: float
    grid_s: float
    frames_encoded: int
    """As of a `Grid`."""

    @classmethod
    def of(cls, growing: GrowingGrid, request: GridRequest) -> "GridAnswer":
        """What a grid that has the request's sub-masks answers."""
        if request.cells:
            part = growing.part(request)
            return cls(part.cells, part.encode_s, part.grid_s, part.frames_encoded)
        grid = growing.grid()
        return cls((grid.logits,), grid.encode_s, grid.grid_s, grid.frames_encoded)

    @property
    def grid(self) -> Grid:
        """The whole grid, where that was wanted."""
        (logits,) = self.blocks
        return Grid(logits, self.encode_s, self.grid_s, self.frames_encoded)

    def arrays(self) -> dict[str, Array]:
        """By name: float32 logits [points, logits], block after block, and float64 cost [3]."""
        flat = [block.reshape(-1, block.shape[-1]) for block in self.blocks]
        cost = np.array([self.encode_s, self.grid_s, self.frames_encoded], np.float64)
        return {"logits": np.concatenate(flat), "cost": cost}

    @classmethod
    def read(cls, arrays: Mapping[str, Array], request: GridRequest, width: int) -> "GridAnswer":
        """The answer to a request.

        Args:
            arrays: by name.
            request: what was asked.
            width: logits of a point.

        Raises:
            KeyError: an array isn't there.
            ValueError: it is no answer to this: of other points, of another model, or without numbers.
        """
        logits, cost = arrays["logits"], arrays["cost"]
        points = [math.prod(block) for block in request.blocks]
        if logits.shape != (sum(points), width) or cost.shape != (3,):
            raise ValueError(f"{sum(points)} points of {width} logits were asked for; it is {list(logits.shape)}")
        if not np.isfinite(logits).all():
            raise ValueError("the answer holds values that are no numbers")
        parts = np.split(logits, np.cumsum(points)[:-1])
        blocks = tuple(part.reshape(*block, -1) for part, block in zip(parts, request.blocks, strict=True))
        return cls(blocks, float(cost[0]), float(cost[1]), int(cost[2]))


def names_of(modality: Modality) -> tuple[str, str, str]:
    """The names of a modality's clip, players and sub-masks."""
    return CLIP[modality], f"{modality}_player", f"{modality}_keep"


def _maskable(modality: Modality, arrays: Mapping[str, Array]) -> Maskable:
    names = names_of(modality)
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ValueError(f"{', '.join(missing)} isn't there: give all of {', '.join(names)}, or none")
    found = Maskable(*(arrays[name] for name in names))
    if found.keep.ndim != 2 or not len(found.keep):  # noqa: PLR2004  # [K, n]
        raise ValueError(f"{names[2]} is {list(found.keep.shape)}: give [K, n], K >= 1")
    if found.player.shape[:1] != found.clip.shape[:1]:
        raise ValueError(
            f"{names[1]} is {list(found.player.shape)}, {names[0]} {list(found.clip.shape)}: give them one length"
        )
    players = found.keep.shape[1]
    if found.player.size and not -1 <= found.player.min() <= found.player.max() < players:
        raise ValueError(
            f"{names[1]} holds {found.player.min()} to {found.player.max()}, {names[2]} is of {players} players: "
            "give -1 where nothing is masked, and else one of these"
        )
    return found
