"""The model as a black box: each coalition pays every encoder, all pairs and the head."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.grid.calls import spans
from bench.game import ClipGame
from bench.grid_game import BoolArray, FloatArray
from bench.whole_model import logits
from media.modality import Modality
from sseft.heads import values_of

Array = NDArray[Any]

PICTURES: Final = 64
"""Frames in one call, which bounds memory."""


@dataclass(frozen=True)
class BlackBox:
    """One coalition at a time, by one pass of each graph.

    Masks are applied inside the graphs, which costs nothing beside them; `bench.whole_model` masks by hand.
    """

    backend: OnnxRuntimeBackend
    """Whose `video_frames` runs FAb-Net frame by frame."""
    game: ClipGame

    def __call__(self, coalitions: NDArray[Any]) -> FloatArray:
        """Value [M] of the game's predicted class for coalitions [M, p] of 0 and 1."""
        return np.array([self._value(row[None]) for row in coalitions])

    def _value(self, coalition: NDArray[Any]) -> float:
        encodings: dict[Modality, Array] = dict(self.backend.absent)
        for modality, keep in self.game.split(coalition).items():
            if modality in self.game.players:
                encodings[modality] = self._encode(modality, keep)
        values = values_of(logits(self.backend, encodings), self.backend.artefact.head)
        return float(values.ravel()[self.game.predicted])

    def _encode(self, modality: Modality, keep: BoolArray) -> Array:
        """Encoding [1, L, d] of a sub-mask [1, n]."""
        run = self.backend.run
        content, player = self.game.contents[modality], self.game.players[modality].positions
        if modality != "video":
            name = "ids" if modality == "text" else "wave"
            return run(f"{modality}_encoder", **{name: content}, player=player, keep=keep)[0]
        parts = spans(len(content), PICTURES)
        features = [run("video_frames", frames=content[some], player=player[some], keep=keep)[0] for some in parts]
        return run("video_encoder", features=np.concatenate(features, axis=1))[0]
