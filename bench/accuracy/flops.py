"""Floating-point operations of the published size: RoBERTa-large, wav2vec-large, FAb-Net; one clip.

The clip has 20 text tokens (22 positions), 3.6 s of sound and 90 frames; pads are computed by nobody. The six
inter-modality terms are left out: a fiftieth of a clip's time.
"""

from typing import Final

from bench.accuracy.curve import Cost

FRAMES: Final = 90

TEXT: Final = 853e9 / 64
"""A pass of the text encoder over 22 positions: a 64th of 64 passes, 853 GFLOP."""
AUDIO: Final = 34.7e9
"""A pass of the sound encoder over 3.6 s; normalised over the whole wave, masks share nothing."""
VIDEO: Final = FRAMES * 1.034e9
"""A pass of the picture encoder, frame by frame."""
VIDEO_TABLE: Final = FRAMES * 3.78e9
"""The maps of all masks of the frames, from which the graph `video_frames` puts every pass together ..."""
VIDEO_FROM_TABLE: Final = FRAMES * 0.0089e9
"""... and a pass by that table."""
HEAD: Final = 6.45e6
"""The head, for one coalition."""


def of_separate_passes(cost: Cost) -> float:
    """FLOPs where each coalition runs the three encoders, as the libraries have it."""
    return TEXT * cost.text + AUDIO * cost.audio + VIDEO * cost.video + HEAD * cost.points


def of_shared_passes(cost: Cost) -> float:
    """FLOPs by the graphs of this project: no sub-mask is encoded twice, and pictures share their convolutions."""
    video = VIDEO_TABLE + VIDEO_FROM_TABLE * cost.distinct_video
    return TEXT * cost.distinct_text + AUDIO * cost.distinct_audio + video + HEAD * cost.points
