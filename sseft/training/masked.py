"""What encoders make of a modality all of whose players are masked, as coalitions mask them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Final

import torch
from torch import Tensor

from media.modality import Modality
from sseft.model import SSEFT
from sseft.training.encoders import Features

EMPTY: Final[Mapping[Modality, int]] = {"text": 2, "audio": 0, "video": 0}
"""Features of a modality that a clip lacks: `<s> </s>`, no frames."""


class MaskedFeatures:
    """`<mask>` for every token, silence, black frames: encoded once for each length, without dropout.

    Args:
        model: whose encoders; they keep their modes.
    """

    def __init__(self, model: SSEFT) -> None:
        self.model = model
        self._kept: dict[tuple[Modality, int], Tensor] = {}

    def of(self, modality: Modality, length: int) -> Tensor:
        """Features float32 [length, d]; of text, `<s>` and `</s>` are among the length."""
        if (modality, length) not in self._kept:
            with torch.no_grad(), _evaluating(self.model):
                self._kept[modality, length] = self._encode(modality, length)
        return self._kept[modality, length]

    def like(self, features: Features, modality: Modality) -> Tensor:
        """A modality of a clip, masked: as long as it is."""
        there = features[modality]
        return self.of(modality, len(there)).to(there.device)

    def _encode(self, modality: Modality, length: int) -> Tensor:
        device = next(self.model.parameters()).device
        config = self.model.config
        if modality == "text":
            text = config.text
            ids = [text.bos_id, *[text.mask_id] * (length - EMPTY["text"]), text.eos_id]
            return self.model.encode_text(torch.tensor([ids], device=device))[0]
        if modality == "video":
            black = torch.zeros(1, 3, config.video.image_size, config.video.image_size, device=device)
            return self.model.frame_features(black).expand(length, -1)
        stride = prod(step for _, step in config.audio.extractor)
        # A kernel's reach more than the frames take, so that there are enough of them.
        samples = min((length + max(kernel for kernel, _ in config.audio.extractor)) * stride, config.audio.max_samples)
        encoded: Tensor = self.model.wav2vec(torch.zeros(1, samples, device=device))[0, :length]
        return encoded


@contextmanager
def _evaluating(model: SSEFT) -> Iterator[None]:
    """Eval mode while it lasts; parts may be in other modes than the whole, and each gets its own back."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
