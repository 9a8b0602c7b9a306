"""Writing a planted clip: h264 and AAC in MP4."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

FRAME_RATE_HZ: Final = 25
FRAME_MS: Final = 1000 // FRAME_RATE_HZ
_SIDE: Final = 256
"""Height and width of a frame, in pixels."""
_BLOCK: Final = 1024
"""Samples of an AAC frame."""


def write_mp4(path: Path, frames: Iterable[Image.Image], wave: NDArray[np.float32], rate_hz: int) -> None:
    """Encode a clip. One thread: x264's choices, and so the bytes, depend on their number.

    Args:
        path: where.
        frames: 256 x 256 RGB, 25 a second.
        wave: float32 [N] from -1 to 1, as long as the frames: AAC would end the file with the speech.
        rate_hz: of the wave.
    """
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "crf": "26", "threads": "1"}
        video = container.add_stream("libx264", rate=FRAME_RATE_HZ, options=options)
        video.width = video.height = _SIDE
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=rate_hz, layout="mono")
        audio.bit_rate = 48_000
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")))
        container.mux(video.encode())
        for first in range(0, len(wave), _BLOCK):
            block = av.AudioFrame.from_ndarray(wave[None, first : first + _BLOCK], format="fltp", layout="mono")
            block.sample_rate, block.pts = rate_hz, first
            container.mux(audio.encode(block))
        container.mux(audio.encode())
