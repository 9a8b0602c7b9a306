"""wav2vec 2.0 at the real length of a waveform: last-layer features, no padding."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrize import remove_parametrizations
from transformers import Wav2Vec2Config as TransformersConfig
from transformers import Wav2Vec2Model

from sseft.config import Wav2Vec2Config

VARIANCE_EPS = 1e-7
"""Of the waveform's normalisation, as in transformers' Wav2Vec2FeatureExtractor."""


def standardised(x: Tensor, eps: float) -> Tensor:
    """[..., N] with zero mean and unit variance over its last axis.

    Averages are taken in float64: ONNX Runtime's float32 sum of a whole sound is 3e-4 off.
    """
    centred = x - x.double().mean(-1, keepdim=True).to(x.dtype)
    variance = centred.double().square().mean(-1, keepdim=True).to(x.dtype)
    return centred * torch.rsqrt(variance + eps)


class TimeNorm(nn.GroupNorm):
    """Each channel normalised over time: a group norm of as many groups as channels."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """[K, C, T] to [K, C, T]."""
        return standardised(x, self.eps) * self.weight[:, None] + self.bias[:, None]


class Wav2Vec2(nn.Module):
    """transformers' Wav2Vec2Model."""

    def __init__(self, config: Wav2Vec2Config) -> None:
        super().__init__()
        self.config = config
        self.wav2vec2 = Wav2Vec2Model(
            TransformersConfig(
                hidden_size=config.dim,
                intermediate_size=config.ffn_dim,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                conv_dim=config.channels,
                conv_kernel=tuple(kernel for kernel, _ in config.extractor),
                conv_stride=tuple(stride for _, stride in config.extractor),
                conv_bias=config.conv_bias,
                feat_extract_norm=config.feat_extract_norm,
                do_stable_layer_norm=config.stable_layer_norm,
                num_conv_pos_embeddings=config.position_kernel,
                num_conv_pos_embedding_groups=config.position_groups,
                layer_norm_eps=config.norm_eps,
                apply_spec_augment=False,
                mask_time_prob=0.0,
                mask_feature_prob=0.0,
                attn_implementation="sdpa",  # type: ignore[call-arg]  # taken by its base class
            )
        )
        if config.feat_extract_norm == "group":
            self.wav2vec2.feature_extractor.conv_layers[0].layer_norm = TimeNorm(config.channels[0])
        # A parametrised weight is computed anew in each pass, and is none that an export sees.
        remove_parametrizations(self.wav2vec2.encoder.pos_conv_embed.conv, "weight")

    def forward(self, waves: Tensor) -> Tensor:
        """Features of K maskings of one waveform.

        A masked clip is normalised as the clip that it is: silence counts.

        Args:
            waves: float32 [K, N], 16 kHz, 1 <= N <= max_samples; what is shorter than a frame is padded to one.

        Returns:
            float32 [K, T, d_a].

        Raises:
            ValueError: the waveform is longer than the model's.
        """
        if waves.shape[-1] > self.config.max_samples:
            raise ValueError(f"{waves.shape[-1]} samples are more than the model's {self.config.max_samples}; cut them")
        if self.config.normalised:
            waves = standardised(waves, VARIANCE_EPS)
        waves = functional.pad(waves, (0, torch.sym_max(self.config.min_samples - waves.shape[-1], 0)))
        features: Tensor = self.wav2vec2(waves).last_hidden_state
        return features
