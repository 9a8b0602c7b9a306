"""The model as a stranger calls it: mask the clip by hand, run every graph, one coalition at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from bench.game import Game
from bench.grid_game import FloatArray
from export.names import HEAD, pair_graph
from media.modality import Modality
from sseft.heads import values_of

Array = NDArray[Any]


@dataclass(frozen=True)
class WholeModel:
    """Pays all encoders, pairs and the head for each coalition.

    Nothing of the product's masking has a part in it: players are found by their definition, the clip itself is
    masked, and the graphs are told that no position belongs to a player.
    """

    backend: OnnxRuntimeBackend
    game: Game

    def __call__(self, coalitions: Array) -> FloatArray:
        """Value [M] of the game's predicted class for coalitions [M, p] of 0 and 1."""
        return np.array([self._value(row) for row in np.asarray(coalitions) > 0])

    def _value(self, coalition: NDArray[np.bool_]) -> float:
        text, audio, video = np.split(coalition, np.cumsum(self.game.n)[:-1])
        encodings: dict[Modality, Array] = {
            "text": self._encode("text_encoder", "ids", self._masked_ids(text)),
            "audio": self._encode("audio_encoder", "wave", self._masked_wave(audio)),
            "video": self._encode_video(self._masked_frames(video)),
        }
        values = values_of(logits(self.backend, encodings), self.backend.artefact.head)
        return float(values.ravel()[self.game.predicted])

    def _masked_ids(self, keep: NDArray[np.bool_]) -> Array:
        tokens = self.backend.artefact.tokens
        ids = self.game.contents["text"].copy()
        words = np.flatnonzero(~np.isin(ids, [tokens.bos_id, tokens.eos_id, tokens.pad_id, tokens.mask_id]))
        ids[words[~keep]] = tokens.mask_id
        return ids

    def _masked_wave(self, keep: NDArray[np.bool_]) -> Array:
        wave = self.game.contents["audio"].copy()
        for i in np.flatnonzero(~keep):
            wave[i * len(wave) // len(keep) : (i + 1) * len(wave) // len(keep)] = 0
        return wave

    def _masked_frames(self, keep: NDArray[np.bool_]) -> Array:
        frames = self.game.contents["video"].copy()
        group = np.arange(len(frames)) * len(keep) // len(frames)
        frames[~keep[group]] = 0
        return frames

    def _encode(self, graph: str, name: str, content: Array) -> Array:
        return self.backend.run(graph, **{name: content}, player=_nobody(content.shape), keep=_kept())[0]

    def _encode_video(self, frames: Array) -> Array:
        size = self.backend.slices.frames
        parts = [frames[start : start + size] for start in range(0, len(frames), size)]
        features = [
            self.backend.run("video_frames", frames=part, player=_nobody((len(part), 4, 4)), keep=_kept())[0]
            for part in parts
        ]
        return self.backend.run("video_encoder", features=np.concatenate(features, axis=1))[0]


def logits(backend: OnnxRuntimeBackend, encodings: Mapping[Modality, Array]) -> NDArray[np.float32]:
    """Logits [K_T, K_A, K_V, C] of encodings [K_m, L_m, d_m], by one call of each pair and of the head."""
    terms: dict[str, Array] = {}
    for x, y in backend.artefact.pairs:
        terms[f"{x}_{y}"], terms[f"{y}_{x}"] = backend.run(pair_graph(x, y), x=encodings[x], y=encodings[y])
    if not terms:
        terms = {m: encoding[:, 0] for m, encoding in encodings.items()}
    found: NDArray[np.float32] = backend.run(HEAD, **terms)[0]
    return found


def _nobody(shape: tuple[int, ...]) -> NDArray[np.int64]:
    return np.full(shape, -1, np.int64)


def _kept() -> NDArray[np.bool_]:
    return np.ones((1, 1), np.bool_)
