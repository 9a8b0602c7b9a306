"""A clip's game: its players, and of a small one the value of every coalition and the exact Shapley values."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.designs import draw_design
from batcher.grid.maskable import Maskable
from batcher.players import Players, players_of
from bench.clips import OPTIONS
from bench.grid_game import BoolArray, GridGame, split_by_modality
from media import Clip
from media.modality import MODALITIES, Modality
from sseft.heads import values_of


@dataclass(frozen=True, eq=False)
class ClipGame:
    """The game of a clip's p players, in the order text, audio, video, whose coalitions the graphs evaluate."""

    players: dict[Modality, Players]
    """Of the modalities that the clip has and the model uses."""
    predicted: int

    @cached_property
    def contents(self) -> dict[Modality, NDArray[Any]]:
        """Token ids, wave and frames."""
        return {modality: players.content for modality, players in self.players.items()}

    @cached_property
    def n(self) -> tuple[int, int, int]:
        """Players of text, audio and video; 0 of what is missing."""
        text, audio, video = (self.players[m].n if m in self.players else 0 for m in MODALITIES)
        return text, audio, video

    @property
    def p(self) -> int:
        """Players."""
        return sum(self.n)

    @property
    def sampled(self) -> Modality:
        """The modality with the most players, which a bench samples."""
        return MODALITIES[int(np.argmax(self.n))]

    def split(self, coalitions: NDArray[Any]) -> dict[Modality, BoolArray]:
        """Sub-masks bool [M, n_m] of coalitions [M, p]."""
        return split_by_modality(coalitions, self.n)


@dataclass(frozen=True, eq=False)
class Game(GridGame, ClipGame):
    """A clip's game of which every value, that of the predicted class, is known."""


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
    grid = backend.grid({m: Maskable(p.content, p.positions, _all_masks(p.n)) for m, p in players.items()})
    values = values_of(grid.logits, backend.artefact.head)
    predicted = int(values[-1, -1, -1].argmax())
    return Game(players, predicted, values[..., predicted].astype(np.float64))


def _all_masks(n: int) -> BoolArray:
    return draw_design(n, 1 << n, seed=0)
