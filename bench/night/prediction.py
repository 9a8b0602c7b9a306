"""What explaining a clip should cost, by its size: the measure by which a sample is drawn and its seconds go on.

It need not be right. Where it is wrong by the same factor for all clips, nothing changes; where it is wrong for some
more than for others, the interval is wider.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from batcher.effort import grid_effort
from batcher.grid.maskable import Divided
from batcher.options import Options
from batcher.planner import plan
from batcher.players import CELLS, SAMPLES_PER_PLAYER
from bench.night.sizes import MARKS, Size
from export.work import Work
from media.modality import Modality


def predicted_flop(size: Size, options: Options, work: Work) -> float:
    """Floating-point operations of a clip's explanation, with the masks and points that are planned for it."""
    players: dict[Modality, int] = {
        "text": max(0, size.tokens - MARKS),
        "audio": max(1, size.samples // SAMPLES_PER_PLAYER) if size.samples else 0,
        "video": CELLS * CELLS if size.frames else 0,
    }
    present = {m: n for m, n in players.items() if n}
    lengths: dict[Modality, int] = {"text": size.tokens, "audio": size.samples, "video": size.frames}
    clip = {m: Divided(_nothing(lengths[m]), _cells(size.frames)) for m in present}
    planned = plan(present, clip, options, work)
    return float(grid_effort(work, clip, planned.masks, planned.points))


def _nothing(length: int) -> NDArray[Any]:
    """Content of which only the length counts."""
    return np.broadcast_to(np.uint8(0), length)


def _cells(frames: int) -> NDArray[np.int64]:
    """Players of the picture [F, 4, 4]."""
    return np.broadcast_to(np.arange(CELLS * CELLS).reshape(CELLS, CELLS), (frames, CELLS, CELLS))
