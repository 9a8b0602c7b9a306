"""The model as a careful stranger calls it: a batch of coalitions shares what its coalitions have in common."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.grid import Maskable, in_turn
from batcher.grid.pictures import frame_features
from bench.game import ClipGame
from bench.grid_game import BoolArray, FloatArray
from bench.whole_model import logits
from media.modality import MODALITIES, Modality
from sseft.heads import values_of

Array = NDArray[Any]


@dataclass(frozen=True)
class BatchedModel:
    """Encodes each distinct sub-mask of a batch once, with the product's own masks and shared pictures.

    Pairs and head run for the batch's own coalitions and no others: those that agree in all but the modality
    with the most sub-masks go into one call, which has just them on its grid.
    """

    backend: OnnxRuntimeBackend
    game: ClipGame

    def __call__(self, coalitions: Array) -> FloatArray:
        """Value [M] of the game's predicted class for coalitions [M, p] of 0 and 1."""
        encodings: dict[Modality, Array] = dict(self.backend.absent)
        row: dict[Modality, NDArray[np.intp]] = {m: np.zeros(len(coalitions), np.intp) for m in MODALITIES}
        for modality, masks in self.game.split(coalitions).items():
            if modality in self.game.players:
                distinct, inverse = np.unique(masks, axis=0, return_inverse=True)
                encodings[modality], row[modality] = self._encode(modality, distinct), inverse.reshape(-1)
        return self._values(encodings, row)

    def _encode(self, modality: Modality, keep: BoolArray) -> Array:
        """Encodings [K, L, d] of sub-masks [K, n]."""
        run, slices = self.backend.run, self.backend.slices
        content, player = self.game.contents[modality], self.game.players[modality].positions
        if modality == "video":
            features, _ = frame_features(in_turn(run), Maskable(content, player, keep), slices)
            size = slices.video_masks
            parts = [run("video_encoder", features=features[i : i + size])[0] for i in range(0, len(keep), size)]
        else:
            name, size = ("ids", slices.text_masks) if modality == "text" else ("wave", slices.audio_masks)
            given = {name: content, "player": player}
            parts = [run(f"{modality}_encoder", **given, keep=keep[i : i + size])[0] for i in range(0, len(keep), size)]
        return np.concatenate(parts)

    def _values(self, encodings: dict[Modality, Array], row: dict[Modality, NDArray[np.intp]]) -> FloatArray:
        free = max(MODALITIES, key=lambda m: row[m].max())
        first, second = (m for m in MODALITIES if m != free)
        values = np.empty(len(row[free]))
        for pair in np.unique(np.stack([row[first], row[second]]), axis=1).T:
            mine = np.flatnonzero((row[first] == pair[0]) & (row[second] == pair[1]))
            rows = {first: pair[:1], second: pair[1:], free: row[free][mine]}
            found = logits(self.backend, {m: encoding[rows[m]] for m, encoding in encodings.items()})
            every = values_of(found, self.backend.artefact.head).reshape(len(mine), -1)
            values[mine] = every[:, self.game.predicted]
        return values
