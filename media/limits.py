"""What is refused before it costs a run its memory or its night: no recording of an archive comes near."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import av

from media.errors import LimitError


@dataclass(frozen=True)
class Limits:
    """The most that a media file may ask for.

    A row may depend on them, as on all constants here: rows of one result are those of one version.
    """

    file_bytes: int = 1 << 40
    """Of a file: a tebibyte is half a day of uncompressed SD."""
    duration_s: float = 7 * 86_400.0
    """Of the whole media: a logger's week. Times past it are damage."""
    streams: int = 256
    """In a file."""
    pixels: int = 1 << 26
    """Of a frame: 8192 x 8192, twice a film scan of 8K. A decoder holds up to 17 of them."""
    channels: int = 64
    """Of sound, as many as AAC and Ambisonics of order 7 have."""
    sample_rate_hz: int = 768_000
    """Of sound, four times that of a studio."""
    decode_s: float = 600.0
    """Of decoding one segment's sound, and as much again of its picture; looked at between packets."""
    hang_s: float = 1500.0
    """Of one segment altogether, also within a codec: a run ends the process that decodes it (`batcher.run`)."""


LIMITS: Final = Limits()


@dataclass(frozen=True)
class Deadline:
    """When decoding something must be done."""

    seconds: float
    what: str
    began_s: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Refuse to go on.

        Raises:
            LimitError: it has passed.
        """
        if time.monotonic() - self.began_s > self.seconds:
            raise LimitError(
                f"Decoding {self.what} takes longer than {self.seconds:g} s. Copy the file to a faster disk, "
                "or convert it to a format with an index and with key frames (such as mp4)."
            )


def check_file(path: Path, limits: Limits) -> None:
    """Refuse a file that is too large.

    Raises:
        LimitError: it is.
    """
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise LimitError(f"'{path}' has {size} bytes, more than {limits.file_bytes}. Split it, or convert it.")


def check_container(container: Any, path: Path, limits: Limits) -> None:
    """Refuse a container that declares too many streams, or too long a time.

    Raises:
        LimitError: it does.
    """
    number = len(container.streams)
    if number > limits.streams:
        raise LimitError(f"'{path}' has {number} streams, more than {limits.streams}. Keep those that are needed.")
    seconds = 0.0 if container.duration is None else container.duration / av.time_base
    if seconds > limits.duration_s:
        raise LimitError(
            f"'{path}' lasts {seconds:.0f} s by its own word, more than {limits.duration_s:.0f}. "
            "Split it, or convert it where it doesn't really."
        )


def check_picture(item: Any, path: Path | str, limits: Limits) -> None:
    """Refuse pictures that are too large.

    Args:
        item: what has a width and a height in pixels: a stream's codec, or a frame.
        path: the media file.
        limits: the most pixels.

    Raises:
        LimitError: they are.
    """
    pixels = item.width * item.height
    if pixels > limits.pixels:
        raise LimitError(
            f"The picture of '{path}' has {item.width} x {item.height} = {pixels} pixels, more than {limits.pixels}. "
            "Convert the file to smaller pictures."
        )


def check_sound(item: Any, path: Path | str, limits: Limits) -> None:
    """Refuse sound of too many channels, or of an impossible rate.

    Args:
        item: what has channels and a sample rate: a stream's codec, or a frame.
        path: the media file.
        limits: the most of both.

    Raises:
        LimitError: it has.
    """
    channels = item.layout.nb_channels
    if channels > limits.channels:
        raise LimitError(
            f"The sound of '{path}' has {channels} channels, more than {limits.channels}. Mix the file down."
        )
    if item.sample_rate > limits.sample_rate_hz:
        raise LimitError(
            f"The sound of '{path}' has {item.sample_rate} samples a second, more than {limits.sample_rate_hz}. "
            "Convert the file to a usual rate."
        )
