"""Attention that players get: the sum over their tokens or frames."""

import numpy as np
from numpy.typing import NDArray

from batcher.players import Players
from media.modality import Modality
from sseft.config import AudioConfig

FloatArray = NDArray[np.float64]


def player_attention(
    attention: FloatArray, players: Players, modality: Modality, config: AudioConfig
) -> FloatArray | None:
    """The attention that each player [n] gets: the sum over its tokens or frames.

    Args:
        attention: [L], without a CLS.
        players: of the modality.
        modality: whose.
        config: of the sound's extractor.

    Returns:
        None where players share frames, as cells of the picture do: attention tells frames apart, not their parts.
    """
    owner = players.positions
    if modality == "audio":
        owner = owner[frame_centres(config, len(attention), len(owner))]
    elif modality == "video":
        if (owner != owner[:, :1, :1]).any():
            return None
        owner = owner[:, 0, 0]
    owned = owner >= 0
    summed: FloatArray = np.bincount(owner[owned], attention[owned], players.n).astype(np.float64)
    return summed


def frame_centres(config: AudioConfig, frames: int, samples: int) -> NDArray[np.intp]:
    """The sample [T] in the middle of what the extractor sees of each frame, the last one for frames beyond the sound.

    What wav2vec's aggregator sees of earlier frames, or wav2vec 2.0's transformer of all, isn't counted.
    """
    field, stride = 1, 1
    for kernel, step in config.extractor:
        field += (kernel - 1) * stride
        stride *= step
    return np.minimum(np.arange(frames) * stride + field // 2, samples - 1)
