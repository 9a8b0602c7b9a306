"""A clip's whole game: the value of every coalition, and the exact Shapley values."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.designs import draw_design
from batcher.estimators import estimate
from batcher.grid import Maskable
from batcher.players import Players, players_of
from bench.clips import OPTIONS
from media import Clip
from media.modality import MODALITIES, Modality
from sseft.heads import values_of

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Game:
    """The game of a clip's p players, in the order text, audio, video."""

    contents: dict[Modality, NDArray[Any]]
    """Token ids, wave and frames."""
    players: dict[Modality, Players]
    values: FloatArray
    """[2^n_T, 2^n_A, 2^n_V]: value of the predicted class; bit i of a row says whether it keeps player i."""
    predicted: int

    @cached_property
    def n(self) -> tuple[int, int, int]:
        """Players of text, audio and video."""
        text, audio, video = (self.players[m].n for m in MODALITIES)
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
        parts = np.split(np.asarray(coalitions) > 0, np.cumsum(self.n)[:-1], axis=1)
        return dict(zip(MODALITIES, parts, strict=True))

    def look_up(self, coalitions: NDArray[Any]) -> FloatArray:
        """Values [M] of coalitions [M, p], from the enumeration."""
        codes = (part @ (1 << np.arange(part.shape[1])) for part in self.split(coalitions).values())
        found: FloatArray = self.values[tuple(codes)]
        return found

    @cached_property
    def phi(self) -> FloatArray:
        """Exact Shapley values [p]."""
        text, audio, video = (_all_masks(n) for n in self.n)
        exact: FloatArray = estimate(self.values[..., None], (text, audio, video), estimator="exact").phi[:, 0]
        return exact


def enumerate_game(clip: Clip, backend: OnnxRuntimeBackend) -> Game:
    """Evaluate every coalition of a clip's players, on the grid of all sub-masks.

    Args:
        clip: with words, sound and picture, and at most 16 players.
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
    return Game(contents, players, values[..., predicted], predicted)


def _all_masks(n: int) -> BoolArray:
    return draw_design(n, 1 << n, seed=0)
