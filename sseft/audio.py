"""wav2vec 1.0 at the real length of a waveform, equal to the model that pads it to 9.375 s with zeros.

The group norms average over the zero tail too, so it can't simply be left out. But its frames are all alike:
each layer therefore carries the explicit frames [K, C, m], ONE tail vector [K, C], and the length that the
padded sequence would have. See `docs/model.md`, "Sound without its padding".
"""

import math
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from sseft.config import Wav2VecConfig, frames_of


def plain(size: int) -> int:
    """The same size; while exporting, one whose history torch.export doesn't see.

    Each layer's length is a minimum of lengths before it. Nested twenty deep, they cost the export minutes.
    """
    if not torch.compiler.is_exporting():
        return size
    hidden = cast("int", torch.scalar_tensor(size, dtype=torch.int64).item())
    torch._check(hidden >= 0)  # noqa: SLF001  # torch.export documents it under this name
    return hidden


def first(x: Tensor, frames: int) -> Tensor:
    """The first frames of [K, C, m], which never are more than there are."""
    torch._check(frames <= x.shape[-1])  # noqa: SLF001  # as above
    return x.narrow(-1, 0, frames)


class Tailed(NamedTuple):
    """A padded sequence whose padding is stored once."""

    explicit: Tensor
    """float32 [K, C, m]: the first m frames."""
    tail: Tensor
    """float32 [K, C]: what each of the remaining frames holds."""
    length: int
    """Frames in all, m included."""


class TailedConv(nn.Conv1d):
    """Convolution of explicit frames and, apart from them, of the tail.

    Written over pictures of height 1: ONNX Runtime has blocked layouts, and so faster products, for pictures only.
    """

    def forward(self, explicit: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """[K, C, m] and [K, C] to [K, C', m'] and [K, C']."""
        kernel = self.weight.unsqueeze(-2)
        pictures = functional.conv2d(explicit.unsqueeze(-2), kernel, self.bias, (1, *self.stride))
        return pictures.squeeze(-2), functional.linear(tail, kernel.sum((-2, -1)), self.bias)


class TailedGroupNorm(nn.GroupNorm):
    """Group norm of one group over explicit frames and tail together, then ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__(1, channels)

    def forward(self, x: Tailed) -> Tailed:  # type: ignore[override]
        """Normalise with the statistics of the padded sequence.

        Averages over time are taken in float32 and put together in float64, as the tail's weight is large. The frames
        are passed over as seldom as they can be: those of the first layer take longer than its convolution.
        """
        real = x.explicit.shape[-1] / x.length
        mean = self._average(x.explicit, x.tail, real)
        variance = self._average(x.explicit.square(), x.tail.square(), real) - mean.square()
        scale = torch.rsqrt(variance + self.eps).to(x.tail.dtype) * self.weight
        shift = self.bias - mean.to(x.tail.dtype) * scale
        return Tailed(
            torch.relu(x.explicit * scale.unsqueeze(-1) + shift.unsqueeze(-1)),
            torch.relu(x.tail * scale + shift),
            x.length,
        )

    @staticmethod
    def _average(explicit: Tensor, tail: Tensor, real: float) -> Tensor:
        """The mean over channels and all frames, of which the share `real` is explicit: float64 [K, 1]."""
        over_time = explicit.mean(-1).double() * real + tail.double() * (1 - real)
        return over_time.mean(-1, keepdim=True)


class ExtractorLayer(nn.Module):
    """Strided convolution without bias, group norm, ReLU."""

    def __init__(self, in_channels: int, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv = TailedConv(in_channels, channels, kernel, stride, bias=False)
        self.norm = TailedGroupNorm(channels)

    def forward(self, x: Tailed) -> Tailed:
        """Keep every frame that sees explicit ones only."""
        length = (x.length - self.kernel) // self.stride + 1
        explicit, tail = self.conv(x.explicit, x.tail)
        normed: Tailed = self.norm(Tailed(explicit, tail, length))
        return normed


class AggregatorLayer(nn.Module):
    """Causal convolution, group norm, ReLU, and a scaled residual."""

    def __init__(self, channels: int, kernel: int, residual_scale: float) -> None:
        super().__init__()
        self.kernel = kernel
        self.scale = residual_scale**0.5
        self.conv = TailedConv(channels, channels, kernel)
        self.norm = TailedGroupNorm(channels)

    def forward(self, x: Tailed) -> Tailed:
        """Keep every frame that sees an explicit one: kernel - 1 more than came in."""
        before = self.kernel - 1
        after = plain(torch.sym_min(before, x.length - x.explicit.shape[-1]))
        # The original pads on the left by repeating the first frame.
        start = first(x.explicit, 1).expand(-1, -1, before)
        padded = torch.cat([start, x.explicit, x.tail.unsqueeze(-1).expand(-1, -1, after)], dim=-1)
        explicit, tail = self.conv(padded, x.tail)
        y = self.norm(Tailed(explicit, tail, x.length))
        return Tailed((y.explicit + padded[..., before:]) * self.scale, (y.tail + x.tail) * self.scale, x.length)


class Wav2Vec(nn.Module):
    """The context features of wav2vec 1.0."""

    def __init__(self, config: Wav2VecConfig) -> None:
        super().__init__()
        self.config = config
        channels = [1] + [config.dim] * len(config.extractor)
        self.extractor = nn.ModuleList(
            ExtractorLayer(channels[i], channels[i + 1], *shape) for i, shape in enumerate(config.extractor)
        )
        self.aggregator = nn.ModuleList(
            AggregatorLayer(config.dim, kernel, config.residual_scale) for kernel in config.aggregator
        )

    def real_frames(self, samples: int, padded_to: int | None = None) -> int:
        """How many frames the model attends to: those that the padding's own frame count leaves over.

        Two or three more than the waveform itself would give, 0 for a few samples.
        """
        length = self.config.max_samples if padded_to is None else padded_to
        padding = length - samples
        for kernel, stride in self.config.extractor:
            padding = torch.sym_max(padding - kernel + stride, 0) // stride
        return frames_of(self.config.extractor, length) - padding

    def _silence(self, samples: int, length: int) -> int:
        """How many zeros to append: each frame of the extractor that sees a real sample is explicit then."""
        stride = math.prod(stride for _, stride in self.config.extractor)
        seen = (samples + stride - 1) // stride
        for kernel, stride in reversed(self.config.extractor):
            seen = (seen - 1) * stride + kernel
        return plain(torch.sym_min(seen, length) - samples)

    def forward(self, waves: Tensor, padded_to: int | None = None) -> Tensor:
        """Context features of K maskings of one waveform.

        Args:
            waves: float32 [K, N], 16 kHz, 1 <= N <= max_samples.
            padded_to: the length in samples to which zeros are thought to pad them; `max_samples` where None.
                Training on windows shortens it, so that their share of the statistics is a whole clip's.

        Returns:
            float32 [K, T, d_a], T = `real_frames(N)`.

        Raises:
            ValueError: the waveform is longer than the model's.
        """
        length = self.config.max_samples if padded_to is None else padded_to
        if waves.shape[-1] > length:
            raise ValueError(f"{waves.shape[-1]} samples are more than the model's {length}; cut them")
        padded = functional.pad(waves, (0, self._silence(waves.shape[-1], length)))
        x = Tailed(padded.unsqueeze(1), waves.new_zeros(waves.shape[0], 1), length)
        for layer in self.extractor:
            x = layer(x)
        x = Tailed(torch.log(x.explicit.abs() + 1), torch.log(x.tail.abs() + 1), x.length)
        for layer in self.aggregator:
            x = layer(x)
        return first(x.explicit, plain(self.real_frames(waves.shape[-1], length))).transpose(1, 2)
