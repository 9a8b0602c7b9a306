"""A picture the right way up: a camera writes down how it was held, and leaves the pixels as they lay on its sensor."""

from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageOps

STAMP_SIDE = 16
"""Pixels of a small copy of a frame, which has the same matrix."""


class Upright:
    """Mirrors and turns pictures as their frames' display matrices say.

    A matrix takes the point (x, y) to (a x + c y, b x + d y), y counted downwards (FFmpeg's `libavutil/display.h`).
    A negative determinant mirrors, as front cameras do; one of 0 is no camera's.
    """

    def __init__(self) -> None:
        self._to_stamp = VideoReformatter()

    def __call__(self, image: Image.Image, frame: Any) -> Image.Image:
        """The picture, as large as what is turned needs.

        Args:
            image: what the frame shows, as it was coded.
            frame: the PyAV frame that it comes from.
        """
        determinant = self._determinant(frame)
        if determinant > 0:
            return image.rotate(frame.rotation, expand=True)
        if determinant < 0:  # a and b change their signs with x: half a turn more
            return ImageOps.mirror(image).rotate(frame.rotation + 180, expand=True)
        return image

    def _determinant(self, frame: Any) -> int:
        """Of the matrix; 0 without one."""
        # PyAV 18.1 ties a frame whose side data were looked at to itself: until the garbage is collected it stays in
        # memory, megabytes each.
        stamp: Any = self._to_stamp.reformat(frame, STAMP_SIDE, STAMP_SIDE, "rgb24", interpolation="POINT")
        try:
            matrix = stamp.side_data.get("DISPLAYMATRIX")
        except ValueError:
            # PyAV 18.1 gives none of a photograph with Exif, a type that it doesn't know; `rotation` works even so.
            return 1
        if matrix is None:
            return 0
        a, b, _, c, d = np.frombuffer(matrix, dtype=np.int32)[:5].tolist()
        return int(a * d - b * c)
