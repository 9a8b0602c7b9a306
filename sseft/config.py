"""The dimensions of an SSE-FT model, and of its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from media.modality import MODALITIES, Modality
from media.preprocessing import Preprocessing
from media.text import TextTokens
from sseft.heads import HeadKind, check_head, logit_count
from sseft.terms import pairs_of

MELD_LABELS: Final = ("neutral", "sadness", "anger", "joy", "surprise", "fear", "disgust")
LABELS: Final[Mapping[HeadKind, tuple[str, ...]]] = {
    "softmax": MELD_LABELS,
    "score": ("sentiment",),
    "binary": ("neutral", "sadness", "anger", "happiness"),
}
"""What the original's models with each head were trained on: MELD, MOSEI or MOSI, IEMOCAP."""


def frames_of(extractor: Sequence[tuple[int, int]], samples: int) -> int:
    """Frames that convolutions of these (kernel, stride) make of a waveform; fewer than 1 where it is too short."""
    frames = samples
    for kernel, stride in extractor:
        frames = (frames - kernel) // stride + 1
    return frames


@dataclass(frozen=True)
class TextConfig:
    """RoBERTa (Liu et al. 2019)."""

    vocab_size: int
    dim: int
    ffn_dim: int
    layers: int
    heads: int
    max_tokens: int = 512
    bos_id: int = 0
    pad_id: int = 1
    eos_id: int = 2
    mask_id: int = 50264
    norm_eps: float = 1e-5
    trailing_newline: bool = False
    """Whether a line's end followed every text in training."""


@dataclass(frozen=True)
class Wav2VecConfig:
    """wav2vec 1.0 (Schneider et al. 2019): an extractor with strides, then a causal aggregator."""

    dim: int
    """Channels of every layer."""
    extractor: tuple[tuple[int, int], ...] = ((10, 5), (8, 4), (4, 2), (4, 2), (4, 2), (1, 1), (1, 1))
    """(kernel, stride) of the extractor's layers."""
    aggregator: tuple[int, ...] = tuple(range(2, 14))
    """Kernels of the aggregator's layers, all of stride 1."""
    residual_scale: float = 0.5
    max_samples: int = 150_000
    """The length to which the model pads every waveform: 9.375 s at 16 kHz."""

    @property
    def max_frames(self) -> int:
        """Frames of a waveform of `max_samples` samples."""
        return frames_of(self.extractor, self.max_samples)


@dataclass(frozen=True)
class Wav2Vec2Config:
    """wav2vec 2.0 (Baevski et al. 2020): an extractor with strides, then a transformer. Named as in transformers."""

    dim: int
    ffn_dim: int
    layers: int
    heads: int
    channels: tuple[int, ...] = (512,) * 7
    """Of the extractor's layers."""
    extractor: tuple[tuple[int, int], ...] = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
    """(kernel, stride) of the extractor's layers."""
    conv_bias: bool = False
    feat_extract_norm: Literal["group", "layer"] = "group"
    """Whether only the extractor's first layer is normalised, each channel over time, or every layer over channels."""
    stable_layer_norm: bool = False
    """Whether the transformer normalises before its layers instead of after them."""
    position_kernel: int = 128
    position_groups: int = 16
    norm_eps: float = 1e-5
    normalised: bool = True
    """Whether the waveform gets zero mean and unit variance first; `do_normalize` of preprocessor_config.json."""
    max_samples: int = 150_000
    """The longest waveform: 9.375 s at 16 kHz."""

    @property
    def max_frames(self) -> int:
        """Frames of a waveform of `max_samples` samples."""
        return frames_of(self.extractor, self.max_samples)

    @property
    def min_samples(self) -> int:
        """Samples that give one frame."""
        samples = 1
        for kernel, stride in reversed(self.extractor):
            samples = (samples - 1) * stride + kernel
        return samples


AudioConfig = Wav2VecConfig | Wav2Vec2Config


def frames_after_crop(config: AudioConfig, samples: int) -> int:
    """Frames that the original leaves unmasked in a sound of more samples than the model takes.

    It counts what it crops as padding; where that is more than the model's frames, its slice ends below zero, and
    Python counts from the end.
    """
    padding = frames_of(config.extractor, samples - config.max_samples)
    return len(range(config.max_frames)[: config.max_frames - padding])


@dataclass(frozen=True)
class VideoConfig:
    """FAb-Net's encoder (Wiles et al. 2018)."""

    filters: int
    """Channels after the first convolution."""
    dim: int
    """Features of a frame."""
    image_size: int = 256
    max_frames: int = 300


@dataclass(frozen=True)
class FusionConfig:
    """Self-attention and inter-modality attention blocks (SSE-FT, Siriwardhana et al. 2020)."""

    ffn_dim: int
    heads: int
    self_layers: int
    cross_layers: int
    dropout: float = 0.1
    attention_dropout: float = 0.0
    """Of attention weights, in training alone."""


@dataclass(frozen=True)
class ModelConfig:
    """A whole model. `modalities` of one or two make its uni- and dual-modal variants."""

    text: TextConfig
    audio: AudioConfig
    video: VideoConfig
    fusion: FusionConfig
    labels: tuple[str, ...] = MELD_LABELS
    modalities: tuple[Modality, ...] = MODALITIES
    head: HeadKind = "softmax"
    """How its logits become values."""

    def __post_init__(self) -> None:
        """Check what shapes alone would only reveal deep inside the model.

        Raises:
            ValueError: the modalities are empty or not in their order, a dimension isn't a multiple of the
                number of heads, or the head can't have these labels.
        """
        check_head(self.head, self.labels)
        if not self.modalities or self.modalities != tuple(m for m in MODALITIES if m in self.modalities):
            raise ValueError(f"modalities are {self.modalities}; give one to three of {MODALITIES}, in this order")
        if min(self.text.heads, self.fusion.heads) < 1:
            raise ValueError(f"{self.text.heads} and {self.fusion.heads} attention heads; each count is 1 or more")
        for modality in self.modalities:
            if self.dim(modality) % self.fusion.heads:
                raise ValueError(
                    f"the {modality} dimension {self.dim(modality)} is not a multiple of the "
                    f"{self.fusion.heads} attention heads; change one of them"
                )

    def dim(self, modality: Modality) -> int:
        """Features of one modality's encoding."""
        dims: dict[Modality, int] = {"text": self.text.dim, "audio": self.audio.dim, "video": self.video.dim}
        return dims[modality]

    @property
    def preprocessing(self) -> Preprocessing:
        """What of a clip it sees."""
        return Preprocessing(
            max_samples=self.audio.max_samples,
            max_frames=self.video.max_frames,
            image_size=self.video.image_size,
            max_tokens=self.text.max_tokens,
        )

    @property
    def tokens(self) -> TextTokens:
        """The token ids that its text encoder treats in a way of their own."""
        text = self.text
        return TextTokens(text.bos_id, text.eos_id, text.pad_id, text.mask_id, text.vocab_size, text.trailing_newline)

    @property
    def logits(self) -> int:
        """Logits of its head."""
        return logit_count(self.head, len(self.labels))

    @property
    def pairs(self) -> tuple[tuple[Modality, Modality], ...]:
        """The pairs whose inter-modality attention this variant computes."""
        return pairs_of(self.modalities)

    @property
    def directions(self) -> tuple[tuple[Modality, Modality], ...]:
        """(query, key) of its inter-modality terms: each pair in both directions."""
        return tuple(direction for x, y in self.pairs for direction in ((x, y), (y, x)))

    @property
    def joint_dim(self) -> int:
        """Features of the head's input: one vector per modality of the variant."""
        return sum(self.dim(modality) for modality in self.modalities)


def headed(config: ModelConfig, head: HeadKind | None, labels: tuple[str, ...] | None) -> ModelConfig:
    """The same model with another head, or other labels.

    Args:
        config: of the model.
        head: or None for the one that it has.
        labels: or None for those that it has, of another kind of head its usual ones.

    Raises:
        ValueError: the head can't have these labels.
    """
    kind = head or config.head
    usual = config.labels if kind == config.head else LABELS[kind]
    return replace(config, head=kind, labels=labels or usual)
