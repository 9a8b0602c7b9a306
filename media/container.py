"""A media file: opening it, its streams and its times."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import av.error

from media.errors import MediaError
from media.limits import LIMITS, Limits, check_container, check_file

Kind = Literal["video", "audio"]

NOT_MEDIA = frozenset({"tty"})
"""Formats that FFmpeg would make pictures of although they are none: it draws `.txt` files as a terminal."""


@contextmanager
def open_media(path: Path | str, limits: Limits = LIMITS) -> Iterator[Any]:
    """Open a local media file.

    Args:
        path: a local file; addresses of other kinds are refused, also those inside playlists.
        limits: what it may ask for.

    Yields:
        The PyAV container.

    Raises:
        MediaError: the file is missing, can't be read, or isn't media.
        LimitError: it is larger or longer than the limits, or has more streams.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "doesn't exist"
        raise MediaError(f"Media file '{path}' {what}. Check its name, and the folder that it is relative to.")
    check_file(path, limits)
    # FFmpeg's own limit holds for what headers deny: it decodes a little already to learn what the streams are.
    options = {"protocol_whitelist": "file", "max_pixels": str(limits.pixels)}
    try:
        container = av.open(f"file:{path}", options=options)
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(
            f"'{path}' can't be read as media ({_reason(error)}). "
            "Check that it plays, and replace or convert it where it doesn't."
        ) from error
    with container:
        if container.format.name in NOT_MEDIA:
            raise MediaError(f"'{path}' is text, not media. Name the sound or video file that belongs to it.")
        check_container(container, path, limits)
        yield container


def origin_s(container: Any) -> Fraction:
    """The timestamp at which the media starts, in seconds: all times are counted from it.

    The container gives it rounded to microseconds; the stream that it comes from has it exactly.
    """
    if container.start_time is None:
        return Fraction(0)
    rounded = Fraction(container.start_time, av.time_base)
    starts = [s.start_time * s.time_base for s in container.streams if s.start_time is not None]
    exact = min(starts, key=lambda start: abs(start - rounded), default=rounded)
    return exact if abs(exact - rounded) <= Fraction(1, av.time_base) else rounded


def duration_ms(path: Path | str, limits: Limits = LIMITS) -> float | None:
    """How long the media is by its container's own word, in ms; None where it doesn't say."""
    with open_media(path, limits) as container:
        return None if container.duration is None else float(Fraction(container.duration, 1000))


def check_span(start_ms: float, end_ms: float | None) -> None:
    """Refuse a span that is negative, empty, reversed or no number; times in ms."""
    end = math.inf if end_ms is None else end_ms
    if math.isnan(start_ms) or math.isinf(start_ms) or start_ms < 0 or math.isnan(end):
        raise MediaError(
            f"Span from {start_ms} ms to {end_ms} ms isn't a time in the media. Times count from 0, in ms."
        )
    if end <= start_ms:
        raise MediaError(
            f"Span from {start_ms} ms to {end_ms} ms is empty or reversed. "
            "The end must be later than the start; check that both are in ms."
        )


def stream_of(container: Any, kind: Kind) -> Any | None:
    """The stream that a player would choose, or None."""
    best = container.streams.best(kind)
    streams = [] if best is None else [best, *getattr(container.streams, kind)]
    cover = av.stream.Disposition.attached_pic
    return next((stream for stream in streams if not stream.disposition & cover), None)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
