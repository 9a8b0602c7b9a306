"""FAb-Net's encoder from its `.pth`, and from checkpoints that hold it."""

from sseft.config import VideoConfig
from sseft.video import LAST
from sseft.weights import Weights


def video_config(weights: Weights) -> VideoConfig:
    """Dimensions of a file of FAb-Net's encoder.

    Raises:
        CheckpointError: its first or its last convolution is missing.
    """
    return VideoConfig(filters=weights.shape("0.weight", 4)[0], dim=weights.shape(f"{LAST}.weight", 4)[0])
