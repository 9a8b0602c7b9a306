"""Fusion and head as the original starts them, on the encoders of a model."""

from dataclasses import replace
from typing import Final

import torch
from torch import nn

from media.modality import Modality
from sseft.config import FusionConfig
from sseft.fusion import InterModalityBlock, SequenceEncoder
from sseft.heads import HeadKind
from sseft.model import ENCODER_OF, SSEFT

SPREAD: Final = 0.02
"""Standard deviation of weights and positions."""


def fresh_fusion(
    base: SSEFT,
    fusion: FusionConfig,
    modalities: tuple[Modality, ...],
    head: HeadKind,
    labels: tuple[str, ...],
    seed: int,
) -> SSEFT:
    """A model with the encoders of another, and a fusion and a head that know nothing yet.

    As the original starts them: N(0, 0.02) for weights and positions, Xavier's uniform for the projections of
    inter-modality attention, 0 for biases and CLS, PyTorch's default for the head.

    Args:
        base: whose encoders are copied.
        fusion: the new sizes.
        modalities: of the variant.
        head: its kind.
        labels: its classes.
        seed: of the weights.

    Raises:
        ValueError: the base lacks a modality, or the sizes don't fit.
    """
    lacking = [m for m in modalities if m not in base.config.modalities]
    if lacking:
        raise ValueError(f"the model has no encoder for {', '.join(lacking)}; it has {base.config.modalities}")
    config = replace(base.config, fusion=fusion, modalities=modalities, head=head, labels=labels)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SSEFT(config)
        for module in [*(model.get_submodule(m) for m in ("audio", "video") if m in modalities), model.attention]:
            module.apply(_start)
    for modality in modalities:
        name = ENCODER_OF[modality]
        model.get_submodule(name).load_state_dict(base.get_submodule(name).state_dict())
    return model


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=SPREAD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, SequenceEncoder):
        nn.init.normal_(module.positions, std=SPREAD)
    elif isinstance(module, InterModalityBlock):
        for projection in (module.query, module.key, module.value):
            nn.init.xavier_uniform_(projection.weight)
