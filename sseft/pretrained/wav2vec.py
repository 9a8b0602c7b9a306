"""wav2vec 1.0 from `wav2vec_large.pt`, and from checkpoints that hold it without its arguments."""

import argparse
import ast
from dataclasses import replace
from typing import Any, Final

from sseft.config import Wav2VecConfig
from sseft.pickles import CheckpointError, refuse_others
from sseft.presets import WAV2VEC_LARGE
from sseft.weights import Rule, Weights

_PART: Final = r"\.(weight|bias)"
WAV2VEC_RULES: Final = (
    Rule(r"extractor\.(\d+)\.conv\.weight", r"feature_extractor.conv_layers.\1.0.weight"),
    Rule(rf"extractor\.(\d+)\.norm{_PART}", r"feature_extractor.conv_layers.\1.2.\2"),
    Rule(rf"aggregator\.(\d+)\.conv{_PART}", r"feature_aggregator.conv_layers.\1.1.\2"),
    Rule(rf"aggregator\.(\d+)\.norm{_PART}", r"feature_aggregator.conv_layers.\1.3.\2"),
)
BUILT: Final = {
    "skip_connections_agg": True,
    "skip_connections_feat": False,
    "log_compression": True,
    "agg_zero_pad": False,
    "non_affine_group_norm": False,
    "project_features": "none",
    "aggregator": "cnn",
    "activation": "relu",
    "no_conv_bias": False,
    "vq_type": "none",
}
"""What `sseft.audio.Wav2Vec` is, by the names of fairseq's arguments."""


def audio_config(weights: Weights, args: argparse.Namespace | None = None) -> Wav2VecConfig:
    """Dimensions of a file of wav2vec.

    Args:
        weights: its weights.
        args: the arguments beside them. Without them, strides and residual scale are those of wav2vec-large, whose
            kernels the weights must have.

    Raises:
        CheckpointError: a weight is missing, the kernels are no known model's, or an argument asks for a layer that
            this project doesn't build.
    """
    dim = weights.shape("feature_extractor.conv_layers.0.0.weight", 3)[0]
    args = args or argparse.Namespace()
    refuse_others(weights.path, args, BUILT)
    config = replace(WAV2VEC_LARGE, dim=dim, residual_scale=getattr(args, "residual_scale", 0.5))
    if hasattr(args, "conv_feature_layers"):
        config = _with_layers(config, weights, args)
    kernels = (
        *_kernels(weights, "feature_extractor.conv_layers.{}.0.weight"),
        *_kernels(weights, "feature_aggregator.conv_layers.{}.1.weight"),
    )
    expected = (*(kernel for kernel, _ in config.extractor), *config.aggregator)
    if kernels != expected:
        raise CheckpointError(
            f"{weights.path} holds a wav2vec of the kernels {kernels}; {expected} are those of wav2vec-large, and "
            "the strides of no other model are known"
        )
    return config


def _kernels(weights: Weights, key: str) -> tuple[int, ...]:
    """The kernels of a stack of convolutions, as far as it goes."""
    kernels: list[int] = []
    while key.format(len(kernels)) in weights:
        kernels.append(weights.shape(key.format(len(kernels)), 3)[-1])
    return tuple(kernels)


def _with_layers(config: Wav2VecConfig, weights: Weights, args: argparse.Namespace) -> Wav2VecConfig:
    extractor = _layers(weights, args, "conv_feature_layers")
    aggregator = _layers(weights, args, "conv_aggregator_layers")
    if any(stride != 1 for _, _, stride in aggregator):
        raise CheckpointError(f"{weights.path} has an aggregator with strides, {aggregator}; only 1 is built here")
    return replace(
        config,
        extractor=tuple((kernel, stride) for _, kernel, stride in extractor),
        aggregator=tuple(kernel for _, kernel, _ in aggregator),
    )


def _layers(weights: Weights, args: argparse.Namespace, name: str) -> list[tuple[int, int, int]]:
    """Layers (channels, kernel, stride), which fairseq keeps as the text of a list."""
    text: Any = getattr(args, name, None)
    try:
        layers = [(int(channels), int(kernel), int(stride)) for channels, kernel, stride in ast.literal_eval(text)]
    except (SyntaxError, TypeError, ValueError) as error:
        raise CheckpointError(f"{weights.path} has {name}={text!r}, which is no list of layers: {error}") from error
    return layers
