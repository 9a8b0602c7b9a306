"""A part of a product grid: product grids of the designs' leading masks, which together reach every mask."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product

import numpy as np

from batcher.estimators.arrays import FloatArray

Block = tuple[int, int, int]
"""A product grid: so many leading masks of text, audio and video."""
Cell = tuple[slice, slice, slice]


@dataclass(frozen=True)
class SparseGrid:
    """The blocks of a grid that hold no more than `largest` points each, and so the points that are evaluated.

    A sparse grid (Smolyak 1963): a mask of one modality meets the more masks of another the further ahead both stand
    in their designs.

    Raises:
        ValueError: levels don't grow, or no block holds all masks of a modality.
    """

    levels: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    """Numbers of leading masks of text, audio and video at which blocks end, growing; the last is all, K."""
    largest: int

    def __post_init__(self) -> None:
        if not all(levels and levels[0] > 0 and all(a < b for a, b in pairwise(levels)) for levels in self.levels):
            raise ValueError(f"levels are {self.levels}: give growing numbers of masks of each modality, the last K")
        if self.largest < self.least:
            raise ValueError(
                f"blocks of {self.largest} points leave masks of {self.levels} without any value: give {self.least}"
            )

    @property
    def masks(self) -> Block:
        """K of each modality."""
        text, audio, video = (levels[-1] for levels in self.levels)
        return text, audio, video

    @property
    def least(self) -> int:
        """Points of a block with which every mask of every modality is met."""
        fewest = [levels[0] for levels in self.levels]
        return max(math.prod([*fewest[:m], K, *fewest[m + 1 :]]) for m, K in enumerate(self.masks))

    @property
    def whole(self) -> bool:
        """Whether that is the whole grid."""
        return math.prod(self.masks) <= self.largest

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The points as blocks of the grid that don't overlap."""
        return tuple(
            (_span(text, i), _span(audio, j), _span(video, k))
            for text, audio, video in [self.levels]
            for i, j, k in self._places
        )

    @property
    def points(self) -> int:
        """How many points are evaluated."""
        return sum(math.prod(_shape(cell)) for cell in self.cells)

    @cached_property
    def blocks(self) -> Mapping[Block, int]:
        """Product grids, and the weights with which what is linear in their values adds up to that of the part.

        Inclusion and exclusion: the combination technique of sparse grids. For the posterior mean of a Gaussian
        process whose kernel is a product over modalities it is exact (Plumlee 2014, Fast Prediction of Deterministic
        Functions Using Sparse Grid Experimental Designs).
        """
        places = set(self._places)
        steps = list(product((0, 1), repeat=3))
        weights = {
            (i, j, k): sum((-1) ** sum(step) for step in steps if (i + step[0], j + step[1], k + step[2]) in places)
            for i, j, k in self._places
        }
        text, audio, video = self.levels
        return {(text[i], audio[j], video[k]): weight for (i, j, k), weight in weights.items() if weight}

    def widest(self, axis: int) -> Block:
        """The largest block with all masks of a modality; axis 0, 1 or 2."""
        text, audio, video = self.levels
        blocks = [(text[i], audio[j], video[k]) for i, j, k in self._places]
        return max((block for block in blocks if block[axis] == self.masks[axis]), key=math.prod)

    @cached_property
    def _places(self) -> tuple[tuple[int, int, int], ...]:
        """Places among the levels of the blocks that are small enough."""
        text, audio, video = self.levels
        return tuple(
            (i, j, k)
            for i, j, k in product(range(len(text)), range(len(audio)), range(len(video)))
            if text[i] * audio[j] * video[k] <= self.largest
        )


@dataclass(frozen=True, eq=False)
class SparseValues:
    """The values of a part of a grid.

    Raises:
        ValueError: shapes don't fit the cells, or a value isn't finite.
    """

    grid: SparseGrid
    cells: tuple[FloatArray, ...]
    """Of each of the grid's cells, [.., .., .., C]."""

    def __post_init__(self) -> None:
        shapes = [values.shape[:-1] for values in self.cells]
        if shapes != [_shape(cell) for cell in self.grid.cells] or len({v.shape[-1] for v in self.cells}) > 1:
            raise ValueError(
                f"values have shapes {[values.shape for values in self.cells]}: give one array [.., .., .., C] for "
                f"each cell, of shapes {[_shape(cell) for cell in self.grid.cells]}"
            )
        wrong = sum(values.size - int(np.isfinite(values).sum()) for values in self.cells)
        if wrong:
            raise ValueError(f"{wrong} values are NaN or infinite: leave out such a segment or class")

    @property
    def classes(self) -> int:
        """C."""
        return int(self.cells[0].shape[-1])

    def block(self, block: Block) -> FloatArray:
        """The values of one of the product grids, [.., .., .., C]."""
        values = np.empty((*block, self.classes))
        for cell, known in zip(self.grid.cells, self.cells, strict=True):
            if all(rows.stop <= end for rows, end in zip(cell, block, strict=True)):
                values[cell] = known
        return values

    def at(self, point: tuple[int, ...]) -> FloatArray:
        """The values [C] of a point that was evaluated.

        Raises:
            ValueError: it wasn't.
        """
        for cell, known in zip(self.grid.cells, self.cells, strict=True):
            if all(rows.start <= row < rows.stop for rows, row in zip(cell, point, strict=True)):
                found: FloatArray = known[tuple(row - rows.start for rows, row in zip(cell, point, strict=True))]
                return found
        raise ValueError(f"the point {point} isn't among the {self.grid.points} of the grid that were evaluated")


def _span(levels: tuple[int, ...], place: int) -> slice:
    return slice(levels[place - 1] if place else 0, levels[place])


def _shape(cell: Cell) -> tuple[int, ...]:
    return tuple(rows.stop - rows.start for rows in cell)
