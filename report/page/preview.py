"""Small clips that browsers play, of segments in formats that archives hold."""

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from batcher.store.atomic import replaced
from media import Clip
from report.source import RATE_HZ

SIZE: Final = 256
"""Pixels: what the model sees, so that cells of the overlay lie where they lie in the clip."""
TIME_BASE: Final = Fraction(1, 1000)
SAMPLES: Final = 1024
"""Of a frame of AAC."""


def write_preview(clip: Clip, path: Path) -> None:
    """Write what the model saw and heard, as H.264 and AAC in mp4.

    Args:
        clip: of a segment, with a picture, a sound, or both.
        path: of the mp4.

    Raises:
        OSError: it can't be written.
    """
    with (
        replaced(path) as partial,
        closing(av.open(str(partial), "w", format="mp4", options={"movflags": "faststart"})) as out,
    ):
        video = _video_stream(out) if clip.video else None
        audio = out.add_stream("aac", rate=RATE_HZ, layout="mono") if clip.sound else None
        if clip.video and video:
            _encode(out, video, _pictures(clip.video.frames, clip.video.times_ms - clip.start_ms))
        if clip.sound and audio:
            _encode(out, audio, _sounds(clip.sound.wave))


def _video_stream(out: Any) -> Any:
    stream = out.add_stream("libx264", rate=25, options={"crf": "28", "preset": "veryfast"})
    stream.width = stream.height = SIZE
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = TIME_BASE
    return stream


def _encode(out: Any, stream: Any, frames: Iterator[Any]) -> None:
    for frame in frames:
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def _pictures(frames: NDArray[np.uint8], times_ms: NDArray[np.float64]) -> Iterator[Any]:
    previous = -1
    for pixels, time_ms in zip(frames, times_ms, strict=False):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.moveaxis(pixels, 0, -1)), format="rgb24")
        previous = max(previous + 1, round(time_ms))  # times rise, whatever the archive's file says
        frame.pts, frame.time_base = previous, TIME_BASE
        yield frame


def _sounds(wave: NDArray[np.float32]) -> Iterator[Any]:
    for start in range(0, len(wave), SAMPLES):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + SAMPLES], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        yield frame
