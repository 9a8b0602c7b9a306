"""What the thesis computed for a coalition: the clip, padded to the longest that the model takes.

The original pads text to 512 tokens, sound to 150,000 samples and video to 300 frames, runs its encoders over all of
it, and hides from the attention what is padding. Here the same lengths go through this project's graphs, which hide
nothing: what they return means nothing, what they take is what the original's encoders take. Where the original
attends from every position, the graphs do from the one that is read, so this costs less than the original.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batcher.players import NEVER_MASKED, Players
from bench.game import ClipGame
from export.artefact import Artefact
from media.modality import Modality


def evaluations_of_thesis(p: int) -> int:
    """The thesis's setting, which was MM-SHAP's: one permutation of p players and its reverse."""
    return 2 * p + 1


def padded(game: ClipGame, artefact: Artefact) -> ClipGame:
    """The game of the padded clip; padding belongs to no player."""
    limits = artefact.preprocessing
    longest: dict[Modality, int] = {
        "text": limits.max_tokens,
        "audio": limits.max_samples,
        "video": limits.max_frames,
    }
    fill: dict[Modality, int] = {"text": artefact.tokens.pad_id, "audio": 0, "video": 0}
    return ClipGame({m: _padded(p, longest[m], fill[m]) for m, p in game.players.items()}, game.predicted)


def _padded(players: Players, length: int, fill: int) -> Players:
    missing = length - len(players.content)
    return replace(
        players,
        content=_extended(players.content, missing, fill),
        positions=_extended(players.positions, missing, NEVER_MASKED),
    )


def _extended(array: NDArray[Any], missing: int, fill: int) -> NDArray[Any]:
    return np.pad(array, [(0, missing), *[(0, 0)] * (array.ndim - 1)], constant_values=fill)
