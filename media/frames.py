"""Decoded frames with exact times, and sound from any position."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import av.error

from media.container import open_media, origin_s, stream_of
from media.limits import LIMITS, Deadline, Limits, check_sound

SEEK_BACK_S: Final = (0.5, 5.0, 30.0)
"""How far before the wanted time a seek aims, tried in turn.

Transport and program streams have no index of key frames: a seek there lands anywhere.
"""
WARM_UP_S: Final = Fraction(1, 10)
"""Of sound that must be decoded before the wanted time: AAC and MP3 frames overlap with those before them."""


@dataclass(frozen=True)
class TimedFrame:
    """A decoded frame and its time in the media."""

    start_s: Fraction
    """Seconds from the start of the media."""
    end_s: Fraction
    """`start_s` plus the frame's own duration."""
    frame: Any
    """The PyAV frame; None stands for a packet that can't be decoded."""


def sound_frames(path: Path | str, start_ms: float, limits: Limits = LIMITS) -> Generator[TimedFrame]:
    """Decode the best stream of sound from a frame at or before a time onwards, in order.

    Each time by its own seek: what some codecs put for noise depends on where decoding began, and a clip must
    not depend on what was decoded before it.

    Args:
        path: the media file.
        start_ms: wanted time in the media, in ms. Earlier frames come first; the caller drops them.
        limits: what the file may ask for.

    Yields:
        The frames, and the packets that can't be decoded. Nothing at all where there is no such stream.

    Raises:
        MediaError: the file can't be read.
        LimitError: it asks for more than the limits.
    """
    start_s = Fraction(start_ms) / 1000
    deadline = Deadline(limits.decode_s, f"the sound of '{path}' from {start_ms} ms on")
    for back_s in SEEK_BACK_S:
        if start_s <= back_s:
            break
        frames = _sound_from(path, start_s - Fraction(back_s), limits, deadline)
        first = next((timed for timed in frames if timed.frame is not None), None)
        if first is not None and first.start_s + WARM_UP_S <= start_s:
            yield first
            yield from frames
            return
        frames.close()
    yield from _sound_from(path, None, limits, deadline)


def _sound_from(path: Path | str, seek_s: Fraction | None, limits: Limits, deadline: Deadline) -> Generator[TimedFrame]:
    """Frames from a seek on, or all of them; nothing where seeking fails."""
    with open_media(path, limits) as container:
        stream = stream_of(container, "audio")
        if stream is None:
            return
        check_sound(stream.codec_context, path, limits)
        if seek_s is not None:
            try:
                seek(container, stream, seek_s)
            except (av.error.FFmpegError, OSError):
                return
        for timed in decoded(container.demux(stream), stream, origin_s(container)):
            deadline.check()
            if timed.frame is not None:
                check_sound(timed.frame, path, limits)
            yield timed


def seek(container: Any, stream: Any, time_s: Fraction) -> None:
    """Move to a key packet before a time in the media, or to what the format finds; FFmpeg's errors pass through."""
    container.seek(int((time_s + origin_s(container)) / stream.time_base), stream=stream, backward=True)


def decoded(packets: Iterator[Any], stream: Any, origin: Fraction) -> Iterator[TimedFrame]:
    """Frames of a stream with their times, and its damaged packets.

    Args:
        packets: of the stream, the empty one at its end among them.
        stream: what they belong to.
        origin: the media's start, as of `origin_s`.
    """
    now_s = Fraction(0)
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


def time_s(stamp: int, item: Any, stream: Any, origin: Fraction) -> Fraction:
    """A timestamp of a frame or packet as seconds from the start of the media."""
    return stamp * Fraction(item.time_base or stream.time_base) - origin


def _stamp_s(item: Any, stream: Any, origin: Fraction, otherwise: Fraction) -> Fraction:
    """Start of a frame or packet, in seconds; `otherwise` where it bears no timestamp."""
    if item is None:
        return otherwise
    stamp = item.dts if item.pts is None else item.pts
    return otherwise if stamp is None else time_s(stamp, item, stream, origin)


def _length_s(frame: Any, stream: Any) -> Fraction:
    """How long a frame lasts, in seconds; 0 where nothing tells."""
    if isinstance(frame, av.AudioFrame):
        return Fraction(frame.samples, frame.sample_rate)
    if frame.duration:
        return Fraction(frame.duration * Fraction(frame.time_base or stream.time_base))
    rate = stream.average_rate or stream.guessed_rate
    return 1 / Fraction(rate) if rate else Fraction(0)
