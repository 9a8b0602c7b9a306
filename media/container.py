"""A media file opened for one stream: its frames with exact times, from any position."""

import math
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import av.error

from media.errors import MediaError

Kind = Literal["video", "audio"]

SEEK_BACK_S = (0.5, 5.0, 30.0)
"""How far before the wanted time decoding begins, tried in turn.

Transport and program streams have no index of key frames: a seek there lands anywhere, and frame-exact
pictures need the key frame before it.
"""
WARM_UP_S: dict[Kind, Fraction] = {"video": Fraction(0), "audio": Fraction(1, 10)}
"""What must be decoded before the wanted time: AAC and MP3 frames overlap with those before them."""
NOT_MEDIA = frozenset({"tty"})
"""Formats that FFmpeg would make pictures of although they are none: it draws `.txt` files as a terminal."""


@dataclass(frozen=True)
class TimedFrame:
    """A decoded frame and its time in the media."""

    start_s: Fraction
    """Seconds from the start of the media."""
    end_s: Fraction
    """`start_s` plus the frame's own duration."""
    frame: Any
    """The PyAV frame; None stands for a packet that can't be decoded."""


@contextmanager
def open_media(path: Path | str) -> Iterator[Any]:
    """Open a local media file.

    Args:
        path: a local file; addresses of other kinds are refused, also those inside playlists.

    Yields:
        The PyAV container.

    Raises:
        MediaError: the file is missing, can't be read, or isn't media.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "doesn't exist"
        raise MediaError(f"Media file '{path}' {what}. Check its name, and the folder that it is relative to.")
    try:
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"})
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(
            f"'{path}' can't be read as media ({_reason(error)}). "
            "Check that it plays, and replace or convert it where it doesn't."
        ) from error
    with container:
        if container.format.name in NOT_MEDIA:
            raise MediaError(f"'{path}' is text, not media. Name the sound or video file that belongs to it.")
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


def duration_ms(path: Path | str) -> float | None:
    """How long the media is by its container's own word, in ms; None where it doesn't say."""
    with open_media(path) as container:
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


def timed_frames(path: Path | str, kind: Kind, start_ms: float) -> Generator[TimedFrame]:
    """Decode the best stream of a kind from a frame at or before a time onwards, in order.

    Args:
        path: the media file.
        kind: the stream that is wanted. A cover picture isn't a video.
        start_ms: wanted time in the media, in ms. Earlier frames come first; the caller drops them.

    Yields:
        The frames, and the packets that can't be decoded. Nothing at all where there is no such stream.

    Raises:
        MediaError: the file can't be read.
    """
    start_s = Fraction(start_ms) / 1000
    for back_s in SEEK_BACK_S:
        if start_s <= back_s:
            break
        frames = _frames_from(path, kind, start_s - Fraction(back_s))
        first = next((timed for timed in frames if timed.frame is not None), None)
        if first is not None and first.start_s + WARM_UP_S[kind] <= start_s:
            yield first
            yield from frames
            return
        frames.close()
    yield from _frames_from(path, kind, None)


def _frames_from(path: Path | str, kind: Kind, seek_s: Fraction | None) -> Generator[TimedFrame]:
    """Frames from a seek on (video: from a key frame), or all of them; nothing where seeking fails."""
    with open_media(path) as container:
        stream = _stream(container, kind)
        if stream is None:
            return
        origin = origin_s(container)
        frames = _decode(container, stream, origin)
        if seek_s is None:
            yield from frames
            return
        try:
            container.seek(int((seek_s + origin) / stream.time_base), stream=stream, backward=True)
        except (av.error.FFmpegError, OSError):
            return
        landed = kind == "audio"
        for timed in frames:
            # Frames before the first key frame lean on pictures that were never decoded.
            landed = landed or (timed.frame is not None and timed.frame.key_frame)
            if landed:
                yield timed


def _decode(container: Any, stream: Any, origin: Fraction) -> Iterator[TimedFrame]:
    """Frames of a stream with their times, and its damaged packets."""
    now_s = Fraction(0)
    packets = container.demux(stream)
    while True:
        packet = None
        try:
            packet = next(packets, None)
            frames = [] if packet is None else packet.decode()
        except (av.error.FFmpegError, OSError):
            now_s = _stamp_s(packet, stream, origin, now_s)
            yield TimedFrame(now_s, now_s, None)
            if packet is None:
                return  # the container itself is damaged here: nothing after it can be found
            continue
        if packet is None:
            return
        for frame in frames:
            start_s = _stamp_s(frame, stream, origin, now_s)
            now_s = start_s + _length_s(frame, stream)
            yield TimedFrame(start_s, now_s, frame)


def _stream(container: Any, kind: Kind) -> Any | None:
    """The stream that a player would choose, or None."""
    best = container.streams.best(kind)
    streams = [] if best is None else [best, *getattr(container.streams, kind)]
    cover = av.stream.Disposition.attached_pic
    return next((stream for stream in streams if not stream.disposition & cover), None)


def _stamp_s(item: Any, stream: Any, origin: Fraction, otherwise: Fraction) -> Fraction:
    """Start of a frame or packet, in seconds; `otherwise` where it bears no timestamp."""
    if item is None:
        return otherwise
    stamp = item.dts if item.pts is None else item.pts
    return otherwise if stamp is None else stamp * Fraction(item.time_base or stream.time_base) - origin


def _length_s(frame: Any, stream: Any) -> Fraction:
    """How long a frame lasts, in seconds; 0 where nothing tells."""
    if isinstance(frame, av.AudioFrame):
        return Fraction(frame.samples, frame.sample_rate)
    if frame.duration:
        return Fraction(frame.duration * Fraction(frame.time_base or stream.time_base))
    rate = stream.average_rate or stream.guessed_rate
    return 1 / Fraction(rate) if rate else Fraction(0)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
