"""FAb-Net's encoder: one feature vector per frame."""

from itertools import pairwise

from torch import Tensor, nn

from sseft.config import VideoConfig

KERNEL, STRIDE, PADDING = 4, 2, 1
SLOPE = 0.2
LAST = 20
"""Index of the last convolution."""


class FabNet(nn.Sequential):
    """Eight convolutions, each halving the picture, from 256x256 to 1x1.

    The indices of this sequence are those of the original, whose weights it therefore takes as they are.
    """

    def __init__(self, config: VideoConfig) -> None:
        nf = config.filters
        channels = [3, nf, 2 * nf, 4 * nf, 8 * nf, 8 * nf, 8 * nf, 8 * nf, config.dim]
        layers: list[nn.Module] = []
        for i, (inputs, outputs) in enumerate(pairwise(channels)):
            layers.append(nn.Conv2d(inputs, outputs, KERNEL, STRIDE, PADDING))
            if 0 < i < len(channels) - 2:
                layers.append(nn.BatchNorm2d(outputs))
            if i < len(channels) - 2:
                layers.append(nn.LeakyReLU(SLOPE))
        super().__init__(*layers)

    def forward(self, pictures: Tensor) -> Tensor:
        """Features of pictures.

        Args:
            pictures: float32 [M, 3, 256, 256], RGB in 0 to 1.

        Returns:
            float32 [M, d_v].
        """
        features: Tensor = super().forward(pictures)  # type: ignore[no-untyped-call]
        return features.flatten(1)
