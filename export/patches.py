"""Which patches of a picture the positions of a convolution's map see, and so how few values all masked maps have.

A picture is masked patch by patch, black where it is masked. Deep into a stack of convolutions a position still sees
but one patch of each axis, or two where it lies on a seam between them: it has only 2, 4 or 16 values under all masks.
A table holds them as rows. Those that see nothing masked, or nothing else, stand in the maps of the whole and of the
black picture; the mixed ones are computed from rows of the table before. See `docs/model.md`, "Pictures: all masks
from one table".

This is geometry alone: every index is known when a graph is exported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, pairwise, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
Cell = tuple[int, int]
"""Row and column of a patch."""
Position = tuple[int, int]
"""Row and column in a map; beyond its ends in its padding."""
Entry = tuple[Position, frozenset[Cell]]
"""A position's value where these of the patches that it sees are kept."""

PADDING_ROW: Final = 0
BLACK_ROWS: Final = 9
"""After the padding's: a black picture's values in each corner, along each edge, and inside."""


@dataclass(frozen=True)
class Convolution:
    """A convolution's shape, the same along both axes."""

    kernel: int
    stride: int
    padding: int

    def size(self, before: int) -> int:
        """Positions of its output, given those of its input."""
        return (before + 2 * self.padding - self.kernel) // self.stride + 1

    def taps(self, position: Position) -> Iterator[Position]:
        """What of its input a position of its output sees, row by row."""
        return self._square(position, self.kernel)

    def block(self, place: Position) -> Iterator[Position]:
        """The stride x stride positions that lie in a block of its padded input."""
        return self._square(place, self.stride)

    def _square(self, place: Position, side: int) -> Iterator[Position]:
        row, column = (self.stride * number - self.padding for number in place)
        return product(range(row, row + side), range(column, column + side))


@dataclass(frozen=True)
class PatchMap:
    """A map, and what its positions see of the picture."""

    seen: tuple[frozenset[int], ...]
    """Patches that each position of an axis sees."""

    @classmethod
    def of_picture(cls, size: int, patches: int) -> "PatchMap":
        """The picture itself: `patches` of an axis divide its `size` pixels evenly."""
        return cls(tuple(frozenset({pixel * patches // size}) for pixel in range(size)))

    def after(self, convolution: Convolution) -> "PatchMap":
        """The map that a convolution makes of this one."""
        rows = ({row for row, _ in convolution.taps((i, i))} for i in range(convolution.size(len(self.seen))))
        return PatchMap(tuple(frozenset().union(*(self._patches(row) for row in some)) for some in rows))

    def cells(self, position: Position) -> frozenset[Cell]:
        """The patches that a position sees; none in the padding."""
        row, column = position
        return frozenset(product(self._patches(row), self._patches(column)))

    @cached_property
    def mixed(self) -> tuple[Entry, ...]:
        """Every value that sees both kept and masked patches."""
        positions = product(range(len(self.seen)), range(len(self.seen)))
        return tuple((position, kept) for position in positions for kept in subsets(self.cells(position))[1:-1])

    def gathering(self, wanted: Sequence[Sequence[Entry]]) -> "Gathering":
        """The table of this map's values, and the rows of those that are wanted.

        Args:
            wanted: equally many values for each of E sums; what of `kept` a position doesn't see doesn't count.
        """
        entries = [(position, kept & self.cells(position)) for position, kept in chain.from_iterable(wanted)]
        whole = sorted({position for position, kept in entries if kept and kept == self.cells(position)})
        first = PADDING_ROW + 1 + BLACK_ROWS
        row = {(position, self.cells(position)): first + i for i, position in enumerate(whole)}
        row |= {entry: first + len(whole) + i for i, entry in enumerate(self.mixed)}
        rows = [row[entry] if entry[1] else self._dark_row(entry[0]) for entry in entries]
        flat = [row * len(self.seen) + column for row, column in whole]
        return Gathering(np.array(flat, np.int64), np.array(rows, np.int64).reshape(len(wanted), -1))

    def _patches(self, place: int) -> frozenset[int]:
        return self.seen[place] if 0 <= place < len(self.seen) else frozenset()

    def _dark_row(self, position: Position) -> int:
        """The row of a position that sees nothing kept."""
        last = len(self.seen) - 1
        if not all(0 <= place <= last for place in position):
            return PADDING_ROW
        row, column = ((place > 0) + (place == last) for place in position)
        return PADDING_ROW + 1 + 3 * row + column


@dataclass(frozen=True)
class Gathering:
    """Rows of a map's table that E sums take.

    The table's rows: padding, the black picture's, W of the whole picture's map, then the mixed ones.
    """

    whole: Index
    """[W] positions of the map, counted row by row."""
    rows: Index
    """[E, terms]"""


@dataclass(frozen=True)
class PatchTables:
    """Tables of a stack of convolutions, and how masks find their way into the one that follows.

    That one is linear before its activation, and its kernel two strides long: at each position it adds up what 2 x 2
    blocks of its padded input give, and each of the B blocks has few variants, V in all.
    """

    mixed: tuple[Gathering, ...]
    """For each convolution, what of the table before makes the mixed values of its map: [E, kernel^2]."""
    variants: Gathering
    """What of the last table makes each variant of each block: [V, stride^2]. The 2 B come first that see nothing
    masked, or nothing else, and need no mixed values."""
    powers: NDArray[np.float32]
    """[patches^2, B]: the bits of a mask times these number each block's variant among its own."""
    first: Index
    """[B]: what to add to number it among those of all blocks."""
    place: Index
    """[V]: where the variant of that number stands in `variants`."""
    side: int
    """Blocks of an axis."""


@cache
def patch_tables(size: int, patches: int, convolution: Convolution, depth: int) -> PatchTables:
    """The tables of a stack of equal convolutions.

    Args:
        size: pixels of an axis.
        patches: of an axis.
        convolution: the shape of each, and of the one that follows.
        depth: how many of them have tables. The last position that they make may see two patches of an axis at most.

    Returns:
        Indices for graphs in which the picture's maps, the tables and the blocks are computed.
    """
    maps = [PatchMap.of_picture(size, patches)]
    for _ in range(depth):
        maps.append(maps[-1].after(convolution))
    last, side = maps[-1], convolution.size(len(maps[-1].seen)) + 1
    blocks = [tuple(convolution.block(place)) for place in product(range(side), range(side))]
    seen = [frozenset[Cell]().union(*map(last.cells, block)) for block in blocks]
    numbered = [(block, kept) for block, cells in zip(blocks, seen, strict=True) for kept in subsets(cells)]
    sizes = [1 << len(cells) for cells in seen]
    mixed = np.concatenate([np.arange(size) % (size - 1) > 0 for size in sizes])
    order = np.argsort(mixed, kind="stable")
    return PatchTables(
        mixed=tuple(
            before.gathering([[(tap, kept) for tap in convolution.taps(position)] for position, kept in after.mixed])
            for before, after in pairwise(maps)
        ),
        variants=last.gathering([[(position, numbered[i][1]) for position in numbered[i][0]] for i in order]),
        powers=_powers(seen, patches),
        first=np.cumsum([0, *sizes[:-1]]),
        place=np.argsort(order),
        side=side,
    )


def subsets(cells: frozenset[Cell]) -> list[frozenset[Cell]]:
    """All subsets, none first and all last; the i-th holds the cells whose bits are set in i."""
    ordered = sorted(cells)
    return [
        frozenset(cell for bit, cell in enumerate(ordered) if number >> bit & 1) for number in range(1 << len(ordered))
    ]


def _powers(seen: Sequence[frozenset[Cell]], patches: int) -> NDArray[np.float32]:
    powers = np.zeros((patches * patches, len(seen)), np.float32)
    for block, cells in enumerate(seen):
        for bit, (row, column) in enumerate(sorted(cells)):
            powers[row * patches + column, block] = 1 << bit
    return powers
