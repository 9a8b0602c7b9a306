"""Where the picture's players lie: in cells of the frame, in time, or in both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from report.explained import Row
from report.words import values_of

GRID: Final = 4
"""Rows and columns of cells."""


@dataclass(frozen=True)
class Moments:
    """G groups of frames."""

    spans_ms: NDArray[np.float64]
    """[G, 2], in ms of the media file."""
    phi: NDArray[np.float64]
    """[G], the sum of each group's players."""
    se: NDArray[np.float64] | None
    """[G], where a group is one player; None where it is several, whose errors depend on each other."""
    strongest: int
    """The group that carried most, whichever way."""


@dataclass(frozen=True)
class Cells:
    """What the parts of a frame carried: of all frames, or of the strongest group."""

    phi: NDArray[np.float64]
    """[4, 4] from the top left, or [1, 1] where players are whole frames; NaN where no player is known to lie."""
    se: NDArray[np.float64] | None
    """As phi."""
    names: tuple[str, ...]
    """Regions, by which several cells hold one value; none where players are cells."""
    regions: NDArray[np.object_] | None
    """As phi: the name of the region that a cell belongs to, or None; None where players are cells."""
    moments: Moments | None
    """None where players don't lie in time."""

    @property
    def hidden(self) -> tuple[str, ...]:
        """Regions of which no cell is known, or that others cover."""
        return () if self.regions is None else tuple(name for name in self.names if name not in set(self.regions.flat))


def cells_of(players: Sequence[Row]) -> Cells | None:
    """Arrange a segment's picture players, rows of `attributions/`; None where there are none."""
    if not players:
        return None
    moments = _moments(players)
    there = players
    if moments is not None:
        strongest = _groups(players)[moments.strongest]
        there = [player for player in players if player["frame_group"] == strongest]
    size = 1 if all(_everywhere(player) for player in there) else GRID
    phi = np.full((size, size), np.nan)
    errors = np.full((size, size), np.nan)
    regions = np.full((size, size), None, dtype=object)
    # A region lists the cells that it covers in any frame, `rest` often all: the widest lie below the others.
    for player in sorted(there, key=lambda player: -len(_where(player, size)[0])):
        rows, columns = _where(player, size)
        phi[rows, columns] = player["phi"]
        regions[rows, columns] = player["token"]
        errors[rows, columns] = np.nan if player["se"] is None else player["se"]
    names = tuple(player["token"] for player in players if player["token"] is not None)
    return Cells(
        phi, None if np.isnan(errors[~np.isnan(phi)]).any() else errors, names, regions if names else None, moments
    )


def _everywhere(player: Row) -> bool:
    """Whether a player is a whole frame."""
    return player["row"] is None and player["token"] is None


def _where(player: Row, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the cells of a player; none of a region whose cells the result doesn't name."""
    if _everywhere(player):
        cells = np.arange(size * size)
    elif player["row"] is not None:
        cells = np.array([player["row"] * GRID + player["column"]])
    else:
        cells = np.array(player.get("cells") or [], dtype=np.intp)
    return cells // size, cells % size


def _groups(players: Sequence[Row]) -> list[int]:
    return sorted({player["frame_group"] for player in players})


def _moments(players: Sequence[Row]) -> Moments | None:
    if any(player["frame_group"] is None for player in players):
        return None
    members = [[player for player in players if player["frame_group"] == group] for group in _groups(players)]
    values = [values_of(those) for those in members]
    phi = np.array([one.sum() for one, _ in values])
    single = [se for _, se in values if se is not None and len(se) == 1]
    return Moments(
        spans_ms=np.array([(those[0]["start_ms"], those[-1]["end_ms"]) for those in members]),
        phi=phi,
        se=np.concatenate(single) if len(single) == len(members) else None,
        strongest=int(np.abs(phi).argmax()),
    )
