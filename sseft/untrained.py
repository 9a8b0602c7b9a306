"""Models with random weights whose outputs depend on every input: for tests, and for timing."""

import torch
from torch import nn

from sseft.config import ModelConfig
from sseft.model import SSEFT


def untrained(config: ModelConfig, seed: int) -> SSEFT:
    """A model in eval mode, the same for the same seed.

    Weights keep the scale of activations from layer to layer (standard deviation 1 / sqrt(fan in)), and norms,
    biases and running statistics are random too. PyTorch's and RoBERTa's initial values would make logits that
    hardly vary between maskings, so that nothing computed from them could be told from rounding.
    """
    generator = torch.Generator().manual_seed(seed)
    model = SSEFT(config).eval()
    with torch.no_grad():
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                _fill(module, name, parameter, generator)
            if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
                module.running_mean.normal_(0, 0.1, generator=generator)
                torch.nn.init.uniform_(module.running_var, 0.8, 1.2, generator=generator)  # type: ignore[arg-type]
    return model


def _fill(module: nn.Module, name: str, parameter: nn.Parameter, generator: torch.Generator) -> None:
    is_norm = isinstance(module, nn.LayerNorm | nn.GroupNorm | nn.BatchNorm2d)
    if is_norm and name == "weight":
        parameter.normal_(1, 0.1, generator=generator)
    elif isinstance(module, nn.Embedding) or parameter.ndim == 1:
        parameter.normal_(0, 1 if isinstance(module, nn.Embedding) else 0.1, generator=generator)
    else:
        fan_in = parameter[0].numel()
        parameter.normal_(0, fan_in**-0.5, generator=generator)
