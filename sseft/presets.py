"""Models by their names: what was published, and the same in small."""

from dataclasses import replace
from typing import Final

from sseft.config import FusionConfig, ModelConfig, TextConfig, VideoConfig, Wav2VecConfig

ROBERTA_LARGE: Final = TextConfig(vocab_size=50265, dim=1024, ffn_dim=4096, layers=24, heads=16)
ROBERTA_BASE: Final = TextConfig(vocab_size=50265, dim=768, ffn_dim=3072, layers=12, heads=12)
ROBERTA_TINY: Final = TextConfig(vocab_size=1000, dim=64, ffn_dim=128, layers=2, heads=4, mask_id=999)
TEXT_PRESETS: Final = {"roberta-large": ROBERTA_LARGE, "roberta-base": ROBERTA_BASE, "roberta-tiny": ROBERTA_TINY}
"""Known by their width and depth in files that don't hold their heads."""
WAV2VEC_LARGE: Final = Wav2VecConfig(dim=512)


def published() -> ModelConfig:
    """RoBERTa-large, wav2vec-large and FAb-Net with the thesis's fusion: 1 + 1 blocks of 2 heads."""
    return ModelConfig(
        text=ROBERTA_LARGE,
        audio=WAV2VEC_LARGE,
        video=VideoConfig(filters=32, dim=256),
        fusion=FusionConfig(ffn_dim=1024, heads=2, self_layers=1, cross_layers=1),
    )


def tiny() -> ModelConfig:
    """The same structure with few channels, for demos and tests."""
    return ModelConfig(
        text=ROBERTA_TINY,
        audio=replace(WAV2VEC_LARGE, dim=32),
        video=VideoConfig(filters=4, dim=16),
        fusion=FusionConfig(ffn_dim=64, heads=4, self_layers=2, cross_layers=2),
    )


PRESETS: Final = {"published": published, "tiny": tiny}
