"""Players of a picture: cells, groups of frames, cells within groups, or regions that another tool found."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from batcher.players.player import Player, Players
from media import Video
from media.region import CELLS, Region

VideoPlayers = Literal["space", "time", "space-time", "regions"]
VIDEO_PLAYERS: Final[tuple[VideoPlayers, ...]] = ("space", "time", "space-time")
"""Those that need nothing but the clip."""

MOST_FRAME_GROUPS: Final = 10
REST: Final = "rest"
"""The player of what no region names."""


def video_players(video: Video, kind: VideoPlayers, regions: Sequence[Region] = ()) -> Players:
    """Cells of the picture, groups of frames, cells within groups of frames, or regions.

    Time makes min(10, F) equal groups of the F frames; a player of space-time is cell c of group g, with
    index 16 g + c. Without any region the players of regions are those of space.

    Args:
        video: of F frames.
        kind: space, time, space-time or regions.
        regions: of the clip; later ones win.
    """
    if kind == "regions":
        return _regions(video, regions) if regions else video_players(video, "space")
    frames = len(video.frames)
    groups = 1 if kind == "space" else min(MOST_FRAME_GROUPS, frames)
    group = np.arange(frames) * groups // frames
    cells = np.arange(1 if kind == "time" else CELLS * CELLS)
    layout = np.broadcast_to(cells.reshape((1, 1) if kind == "time" else (CELLS, CELLS)), (CELLS, CELLS))
    described = []
    for g in range(groups):
        inside = np.flatnonzero(group == g)
        start_ms, end_ms = float(video.times_ms[inside[0]]), float(video.times_ms[inside[-1] + 1])
        described += [
            Player(
                "video",
                g * len(cells) + int(cell),
                start_ms=start_ms,
                end_ms=end_ms,
                row=None if kind == "time" else int(cell) // CELLS,
                column=None if kind == "time" else int(cell) % CELLS,
                frame_group=None if kind == "space" else g,
            )
            for cell in cells
        ]
    return Players(video.frames, group[:, None, None] * len(cells) + layout, tuple(described))


def _regions(video: Video, regions: Sequence[Region]) -> Players:
    """One player of each name that has a cell in the clip, in the order of first mention, and what is left over."""
    names = [*dict.fromkeys(region.player for region in regions if region.player != REST), REST]
    number = {name: i for i, name in enumerate(names)}
    named = np.full((len(video.frames), CELLS, CELLS), number[REST])
    for region in regions:
        named[_shown(video, region), _along(region.row), _along(region.column)] = number[region.player]
    present, positions = np.unique(named, return_inverse=True)
    positions = positions.reshape(named.shape).astype(np.int64)
    described = [_region(video, positions == i, names[name], i) for i, name in enumerate(present)]
    return Players(video.frames, positions, tuple(described))


def _shown(video: Video, region: Region) -> NDArray[np.bool_]:
    """The frames [F] of a region: those whose middle it holds, so that times may be rounded."""
    middle = (video.times_ms[:-1] + video.times_ms[1:]) / 2
    start_ms = -np.inf if region.start_ms is None else region.start_ms
    end_ms = np.inf if region.end_ms is None else region.end_ms
    found: NDArray[np.bool_] = (start_ms <= middle) & (middle < end_ms)
    return found


def _along(cell: int | None) -> slice:
    return slice(None) if cell is None else slice(cell, cell + 1)


def _region(video: Video, here: NDArray[np.bool_], name: str, index: int) -> Player:
    """The player of these cells of frames [F, 4, 4]."""
    frames, cells = np.flatnonzero(here.any(axis=(1, 2))), np.argwhere(here.any(axis=0))
    start_ms, end_ms = float(video.times_ms[frames[0]]), float(video.times_ms[frames[-1] + 1])
    player = Player("video", index, token=name, start_ms=start_ms, end_ms=end_ms)
    if len(cells) == 1:
        row, column = cells[0].tolist()
        return replace(player, row=row, column=column)
    return replace(player, cells=tuple(CELLS * row + column for row, column in cells.tolist()))
