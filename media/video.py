"""The picture of a span: frames as the model sees them."""

import math
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from media.container import TimedFrame, check_span, timed_frames
from media.errors import MediaError
from media.preprocessing import Preprocessing


@dataclass(frozen=True)
class Video:
    """The picture of a clip: F frames of S x S pixels."""

    frames: NDArray[np.uint8]
    """[F, 3, S, S], RGB."""
    times_ms: NDArray[np.float64]
    """[F + 1]: the start of each frame in the media file's time, and the end of the last, in ms."""
    cut: bool
    """Whether the span held more: frames over the limit, or damaged ones."""


def decode_video(path: Path | str, start_ms: float, end_ms: float | None, preprocessing: Preprocessing) -> Video | None:
    """Decode the frames that start within a span.

    Args:
        path: the media file.
        start_ms: start of the span in the file's time, in ms; frames that start before it are dropped.
        end_ms: its end; frames that start at it or later are dropped. None: the end of the media.
        preprocessing: size and most frames.

    Returns:
        The first frames of the span at the file's own rate; None without a video stream, or without a frame.

    Raises:
        MediaError: the file can't be read, nothing in the span can be decoded, or the span is none.
    """
    check_span(start_ms, end_ms)
    with closing(timed_frames(path, "video", start_ms)) as frames:
        video = _collect(frames, start_ms, math.inf if end_ms is None else end_ms, preprocessing)
    if len(video.frames):
        return video
    if video.cut:
        raise MediaError(
            f"The picture of '{path}' can't be decoded from {start_ms} ms on: its packets are damaged. "
            "Check that the file plays there, and replace or convert it."
        )
    return None


def _collect(frames: Iterable[TimedFrame], start_ms: float, end_ms: float, preprocessing: Preprocessing) -> Video:
    """The video of a span, of 0 frames where there is none."""
    size = preprocessing.image_size
    # One for all frames: each `frame.to_ndarray` sets up a converter of its own, 40 times the work.
    to_rgb = VideoReformatter()
    images: list[NDArray[np.uint8]] = []
    times_ms: list[float] = []
    last_end_ms = 0.0
    cut = False
    for timed in frames:
        # A manifest holds times as floats: rounding the exact time alike keeps a frame whose own time,
        # taken from an earlier decoding, is the span's start.
        time_ms = float(1000 * timed.start_s)
        if time_ms < start_ms:
            continue
        inside = time_ms < end_ms
        if timed.frame is None:
            cut = cut or inside
            continue  # packets come in another order than frames: one past the end isn't the last frame
        if not inside or len(images) == preprocessing.max_frames:
            cut = cut or inside
            last_end_ms = time_ms  # a frame lasts until the next one, whatever its rate says
            break
        images.append(_picture(timed.frame, to_rgb, size))
        times_ms.append(time_ms)
        last_end_ms = float(1000 * timed.end_s)
    stack = np.stack(images) if images else np.empty((0, 3, size, size), dtype=np.uint8)
    return Video(stack, np.array([*times_ms, last_end_ms], dtype=np.float64), cut)


def _picture(frame: Any, to_rgb: VideoReformatter, size: int) -> NDArray[np.uint8]:
    """One frame as uint8 [3, S, S], RGB, upright; resized as in training, the aspect not kept."""
    image = Image.fromarray(to_rgb.reformat(frame, format="rgb24").to_ndarray())
    if frame.rotation:
        image = image.rotate(frame.rotation, expand=True)
    resized = image.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8).transpose(2, 0, 1)
