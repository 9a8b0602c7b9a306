"""A media file: opening it, its streams and its times."""

import math
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

import av
import av.error

from media.errors import MediaError
from media.limits import LIMITS, Limits, check_container, check_file

Kind = Literal["video", "audio"]

NOT_MEDIA = frozenset({"tty"})
"""Formats that FFmpeg would make pictures of although they are none: it draws `.txt` files as a terminal."""
LATEST_MS = 1e12
"""Thirty years: a later start overflows what FFmpeg counts time in."""
PLAYLISTS = frozenset({"concat", "dash", "hls", "imf", "rtp", "sdp", "webm_dash_manifest"})
"""Formats that name other files. One from a stranger may name any file of this machine."""


@contextmanager
def open_media(path: Path | str, limits: Limits = LIMITS) -> Iterator[Any]:
    """Open a local media file.

    Args:
        path: a local file; addresses of other kinds are refused, and so are playlists.
        limits: what it may ask for.

    Yields:
        The PyAV container.

    Raises:
        MediaError: the file is missing, can't be read, or isn't media.
        LimitError: it is larger or longer than the limits, or has more streams.
    """
    path = Path(path)
    _check_file(path)
    check_file(path, limits)
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": _formats(),
        # `%d` in a picture's name is a part of it, not the number of one of many files.
        "pattern_type": "none",
        # FFmpeg's own limit holds for what headers deny: it decodes a little already to learn what the streams are.
        "max_pixels": str(limits.pixels),
    }
    try:
        # Old tags are in Latin-1, and damaged ones in nothing; nobody reads them here.
        container = av.open(f"file:{path}", options=options, metadata_errors="replace")
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


def _check_file(path: Path) -> None:
    """Refuse what isn't a file of some bytes, without opening it: reading a pipe waits for ever."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        why = "doesn't exist" if missing else f"can't be reached ({getattr(error, 'strerror', error)})"
        raise MediaError(
            f"Media file '{path}' {why}. Check its name, and the folder that it is relative to."
        ) from error
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "a device, a pipe or a socket"
        raise MediaError(f"Media file '{path}' is {what}, not a file. Check its name.")
    if not found.st_size:
        raise MediaError(f"Media file '{path}' is empty. Copy it again from where it came from.")


@cache
def _formats() -> str:
    """Those that are read, as FFmpeg takes them; one that isn't among them isn't even tried."""
    return ",".join(sorted(av.formats_available - PLAYLISTS))


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
    """Refuse a span that is negative, empty, reversed, no number or starts beyond all media; times in ms."""
    end = math.inf if end_ms is None else end_ms
    if not 0 <= start_ms <= LATEST_MS or math.isnan(end):
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
    if isinstance(error, av.error.ArgumentError):
        return "a playlist, or another format that isn't read"
    return getattr(error, "strerror", None) or type(error).__name__
