"""The graphs of an artefact: SSE-FT's parts with the masks of coalitions applied inside them.

Each takes one clip and K sub-masks; every K, length and frame count is dynamic. The contracts stand in
`docs/artefact.md`.
"""

from typing import cast

import torch
from torch import Tensor, nn

from export.folded import FoldedAttention
from media.modality import Modality
from sseft.fusion import InterModalityAttention
from sseft.model import SSEFT
from sseft.terms import term_name


def kept(player: Tensor, keep: Tensor) -> Tensor:
    """Which positions each coalition keeps.

    Args:
        player: int64 [...], the player of each position, -1 where none masks it.
        keep: bool [K, n].

    Returns:
        bool [K, ...].
    """
    never_masked = torch.ones_like(keep[:, :1])
    index = torch.where(player < 0, keep.shape[1], player).flatten()
    flat: Tensor = torch.cat([keep, never_masked], dim=1)[:, index].unflatten(1, player.shape)
    return flat


class TextGraph(nn.Module):
    """Token ids int64 [L], player int64 [L], keep bool [K, n] -> [K, L, d_t]. Masked by `<mask>`."""

    def __init__(self, model: SSEFT) -> None:
        super().__init__()
        self.model = model
        self.mask_id = model.config.text.mask_id

    def forward(self, ids: Tensor, player: Tensor, keep: Tensor) -> Tensor:
        """Encode K maskings of one text."""
        return self.model.encode_text(torch.where(kept(player, keep), ids, self.mask_id))


class AudioGraph(nn.Module):
    """Wave float32 [N], player int64 [N], keep bool [K, n] -> [K, T + 1, d_a]. Masked by silence."""

    def __init__(self, model: SSEFT) -> None:
        super().__init__()
        self.model = model

    def forward(self, wave: Tensor, player: Tensor, keep: Tensor) -> Tensor:
        """Encode K maskings of one waveform."""
        return self.model.encode_audio(torch.where(kept(player, keep), wave, 0.0))


class VideoGraph(nn.Module):
    """Features [K, F, d_v] -> [K, F + 1, d_v], CLS first."""

    def __init__(self, model: SSEFT) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor) -> Tensor:
        """Encode K maskings of one sequence of frames."""
        return self.model.encode_video(features)


class PairGraph(nn.Module):
    """Encodings of modalities x and y -> their inter-modality terms [K_x, K_y, d_x] and [K_y, K_x, d_y]."""

    def __init__(self, model: SSEFT, x: Modality, y: Modality) -> None:
        super().__init__()
        self.to_y = FoldedAttention(cast("InterModalityAttention", model.attention[term_name(x, y)]))
        self.to_x = FoldedAttention(cast("InterModalityAttention", model.attention[term_name(y, x)]))

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Both terms of every pair of maskings."""
        return self.to_y(x, y), self.to_x(y, x)


class HeadGraph(nn.Module):
    """Slices of the terms, in the order of `terms` -> logits [K_T, K_A, K_V, logits]."""

    def __init__(self, model: SSEFT, terms: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self.terms = terms

    def forward(self, *terms: Tensor) -> Tensor:
        """Logits of the grid."""
        return self.model.classify(dict(zip(self.terms, terms, strict=True)))
