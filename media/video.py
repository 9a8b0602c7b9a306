"""The picture of a span: frames as the model sees them."""

import math
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media.container import check_span
from media.errors import MediaError
from media.limits import LIMITS, Limits
from media.pictures import PictureReader
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


def decode_video(
    path: Path | str,
    start_ms: float,
    end_ms: float | None,
    preprocessing: Preprocessing,
    limits: Limits = LIMITS,
) -> Video | None:
    """Decode the frames that start within a span.

    Args:
        path: the media file.
        start_ms: start of the span in the file's time, in ms; frames that start before it are dropped.
        end_ms: its end; frames that start at it or later are dropped. None: the end of the media.
        preprocessing: size and most frames.
        limits: what the file may ask for.

    Returns:
        The first frames of the span at the file's own rate; None without a video stream, or without a frame.

    Raises:
        MediaError: the file can't be read, nothing in the span can be decoded, or the span is none.
        LimitError: the file asks for more than the limits.
    """
    with closing(PictureReader(path, preprocessing.image_size, limits)) as reader:
        return read_video(reader, start_ms, end_ms, preprocessing.max_frames)


def read_video(reader: PictureReader, start_ms: float, end_ms: float | None, max_frames: int) -> Video | None:
    """As `decode_video`, from a file that is open already."""
    check_span(start_ms, end_ms)
    video = _collect(reader, start_ms, math.inf if end_ms is None else end_ms, max_frames)
    if len(video.frames):
        return video
    if video.cut:
        raise MediaError(
            f"The picture of '{reader.path}' can't be decoded from {start_ms} ms on: its packets are damaged, or its "
            f"frames have more than {reader.limits.pixels} pixels. Check that the file plays there, and replace or "
            "convert it."
        )
    return None


def _collect(reader: PictureReader, start_ms: float, end_ms: float, max_frames: int) -> Video:
    """The video of a span, of 0 frames where there is none."""
    size = reader.size
    images: list[NDArray[np.uint8]] = []
    times_ms: list[float] = []
    last_end_ms = 0.0
    cut = False
    for picture in reader.pictures(start_ms):
        inside = picture.start_ms < end_ms
        if picture.damaged:
            cut = cut or inside
            continue  # packets come in another order than frames: one past the end isn't the last frame
        if not inside or len(images) == max_frames:
            cut = cut or inside
            last_end_ms = picture.start_ms  # a frame lasts until the next one, whatever its rate says
            break
        images.append(picture.pixels(reader.to_rgb, reader.upright, size))
        times_ms.append(picture.start_ms)
        last_end_ms = picture.end_ms
    stack = np.stack(images) if images else np.empty((0, 3, size, size), dtype=np.uint8)
    return Video(stack, np.array([*times_ms, last_end_ms], dtype=np.float64), cut)
