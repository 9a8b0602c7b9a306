"""SSE-FT: three encoders, six inter-modality terms, one head; and its uni- and dual-modal variants.

Everything is written on the grid of maskings: K_T maskings of the text, K_A of the sound and K_V of the picture
give K_T x K_A x K_V logits. A plain forward pass is the grid of one masking each.
"""

from collections.abc import Mapping
from typing import Final, cast

import torch
from torch import Tensor, nn

from media.modality import MODALITIES, Modality
from sseft.audio import Wav2Vec
from sseft.config import ModelConfig, Wav2Vec2Config, frames_after_crop
from sseft.fusion import Head, InterModalityAttention, SequenceEncoder
from sseft.terms import term_name
from sseft.text import TextEncoder
from sseft.video import FabNet
from sseft.wav2vec2 import Wav2Vec2

ENCODER_OF: Final[Mapping[Modality, str]] = {"text": "text", "audio": "wav2vec", "video": "fabnet"}
"""The name of each modality's encoder among the parts of a model."""


def on_grid(term: Tensor, query: Modality, key: Modality | None = None) -> Tensor:
    """Lay a term on the axes (text, audio, video) of the grid.

    Args:
        term: float32 [K_query, K_key, d], or [K_query, d] without a key.
        query: the modality of the first axis.
        key: the modality of the second axis.

    Returns:
        float32 [K_T or 1, K_A or 1, K_V or 1, d].
    """
    if key is not None and MODALITIES.index(query) > MODALITIES.index(key):
        term = term.transpose(0, 1)
    for axis, modality in enumerate(MODALITIES):
        if modality not in {query, key}:
            term = term.unsqueeze(axis)
    return term


class SSEFT(nn.Module):
    """SSE-FT (Siriwardhana et al. 2020), by its parts."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        if "text" in config.modalities:
            self.text = TextEncoder(config.text)
        if "audio" in config.modalities:
            audio = config.audio
            self.wav2vec = Wav2Vec2(audio) if isinstance(audio, Wav2Vec2Config) else Wav2Vec(audio)
            self.audio = SequenceEncoder(config.audio.dim, config.audio.max_frames, config.fusion)
        if "video" in config.modalities:
            self.fabnet = FabNet(config.video)
            self.video = SequenceEncoder(config.video.dim, config.video.max_frames, config.fusion)
        self.attention = nn.ModuleDict(
            {
                term_name(x, y): InterModalityAttention(config.dim(x), config.dim(y), config.fusion)
                for x, y in config.directions
            }
        )
        self.head = Head(config.joint_dim, config.logits)

    def encode_text(self, ids: Tensor) -> Tensor:
        """Token ids int64 [K, L] to [K, L, d_t]."""
        encoding: Tensor = self.text(ids)
        return encoding

    def encode_audio(self, waves: Tensor, *, cropped_from: int | None = None) -> Tensor:
        """Waveforms float32 [K, N] to [K, T + 1, d_a], CLS first.

        Args:
            waves: the first `max_samples` of a longer sound, or all of a shorter one.
            cropped_from: of how many samples they were cropped, to repeat what the original makes of longer sounds:
                it takes what it left out for padding, and masks so many real frames at the end. By default, and
                in every artefact, nothing real is masked.
        """
        features = self.wav2vec(waves)
        if cropped_from is not None:
            features = features[:, : frames_after_crop(self.config.audio, cropped_from)]
        encoding: Tensor = self.audio(features)
        return encoding

    def frame_features(self, pictures: Tensor) -> Tensor:
        """Pictures float32 [M, 3, 256, 256] in 0 to 1 to features [M, d_v]."""
        features: Tensor = self.fabnet(pictures)
        return features

    def encode_video(self, features: Tensor) -> Tensor:
        """Frame features float32 [K, F, d_v] to [K, F + 1, d_v], CLS first."""
        encoding: Tensor = self.video(features)
        return encoding

    def pair(self, x: Modality, y: Modality, x_encoding: Tensor, y_encoding: Tensor) -> tuple[Tensor, Tensor]:
        """Both inter-modality terms of two encodings: [K_x, K_y, d_x] and [K_y, K_x, d_y]."""
        return (
            self.attention[term_name(x, y)](x_encoding, y_encoding),
            self.attention[term_name(y, x)](y_encoding, x_encoding),
        )

    def classify(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Logits of the grid from its terms.

        Args:
            terms: by `term_name`, float32 [K_x, K_y, d_x]; of a uni-modal model, by modality, its CLS [K, d].

        Returns:
            float32 [K_T, K_A, K_V, logits]; an axis without modality has length 1.
        """
        modalities = self.config.modalities
        if len(modalities) == 1:
            return self._classify({m: on_grid(terms[m], m) for m in modalities})
        return self._classify({term_name(*xy): on_grid(terms[term_name(*xy)], *xy) for xy in self.config.directions})

    def aligned(self, encodings: Mapping[Modality, Tensor], real: Mapping[Modality, Tensor]) -> Tensor:
        """Logits of B clips: the batch form that training needs, without a grid.

        Args:
            encodings: of each modality of the variant, float32 [B, L, d], CLS first.
            real: by modality, bool [B, L], False for padding.

        Returns:
            float32 [B, logits].
        """
        if not self.config.pairs:
            return self._classify({m: encodings[m][:, 0] for m in self.config.modalities})
        terms = {}
        for x, y in self.config.directions:
            attention = cast("InterModalityAttention", self.attention[term_name(x, y)])
            terms[term_name(x, y)] = attention.aligned(encodings[x], encodings[y], real[y])
        return self._classify(terms)

    def _classify(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Logits [..., logits] from terms [..., d] that are laid on the same axes."""
        modalities = self.config.modalities
        if len(modalities) == len(MODALITIES):
            # The head was trained on the order text, video, audio.
            orders: tuple[tuple[Modality, Modality, Modality], ...] = (
                ("text", "audio", "video"),
                ("video", "text", "audio"),
                ("audio", "text", "video"),
            )
            parts = [terms[term_name(x, y)] * terms[term_name(x, z)] for x, y, z in orders]
        elif len(modalities) == 1:
            parts = [terms[modalities[0]]]
        else:
            parts = [terms[term_name(x, y)] for x, y in self.config.directions]
        logits: Tensor = self.head(torch.cat(parts, dim=-1))
        return logits

    def forward(self, encodings: Mapping[Modality, Tensor]) -> Tensor:
        """Logits of the grid of all maskings.

        Args:
            encodings: of each modality of the variant, float32 [K, L, d], CLS first.

        Returns:
            float32 [K_T, K_A, K_V, logits].
        """
        if not self.config.pairs:
            return self.classify({m: encodings[m][:, 0] for m in self.config.modalities})
        terms = {}
        for x, y in self.config.pairs:
            terms[term_name(x, y)], terms[term_name(y, x)] = self.pair(x, y, encodings[x], encodings[y])
        return self.classify(terms)
