"""A clip's whole game: the value of every coalition, and the exact Shapley values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.designs import draw_design
from batcher.grid import Maskable
from batcher.players import Players, players_of
from bench.clips import OPTIONS
from bench.grid_game import BoolArray, GridGame
from media import Clip
from media.modality import MODALITIES, Modality
from sseft.heads import values_of


@dataclass(frozen=True, eq=False)
class Game(GridGame):
    """The game of a clip's p players, in the order text, audio, video; its values are of the predicted class."""

    contents: dict[Modality, NDArray[Any]]
    """Token ids, wave and frames."""
    players: dict[Modality, Players]
    predicted: int

    @property
    def sampled(self) -> Modality:
        """The modality with the most players, which a bench samples."""
        return MODALITIES[int(np.argmax(self.n))]


def enumerate_game(clip: Clip, backend: OnnxRuntimeBackend) -> Game:
    """Evaluate every coalition of a clip's players, on the grid of all sub-masks.

    Args:
        clip: with words, sound and picture, and so few players that 2^p values fit in memory.
        backend: runs the artefact.

    Raises:
        ValueError: a modality is missing.
    """
    if clip.text is None or clip.sound is None or clip.video is None:
        raise ValueError("the clip lacks words, sound or picture; a bench's game needs all three")
    rate_hz = backend.artefact.preprocessing.sample_rate_hz
    players = players_of(clip, sample_rate_hz=rate_hz, video=OPTIONS.video_players)
    contents: dict[Modality, NDArray[Any]] = {
        "text": clip.text.ids,
        "audio": clip.sound.wave,
        "video": clip.video.frames,
    }
    grid = backend.grid({m: Maskable(contents[m], p.positions, _all_masks(p.n)) for m, p in players.items()})
    values = values_of(grid.logits, backend.artefact.head)
    predicted = int(values[-1, -1, -1].argmax())
    return Game(values[..., predicted].astype(np.float64), contents, players, predicted)


def _all_masks(n: int) -> BoolArray:
    return draw_design(n, 1 << n, seed=0)
