"""The pictures of one file, span after span: what several spans need from one key frame on is decoded once.

Every span has its key packet: the last that starts at or before it. A span shows what decoding from there gives, alone
or among others: decoding goes on from one span to the next where both have the same, and begins anew where they
haven't. So a clip can't depend on its neighbours, whatever leans on what in the stream, damaged or not.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import dropwhile
from pathlib import Path
from typing import Any, Final

import av.error
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from media.container import open_media, origin_s, stream_of
from media.frames import SEEK_BACK_S, TimedFrame, decoded, seek, time_s
from media.limits import LIMITS, Deadline, Limits, check_picture
from media.upright import Upright

MARGINS_MS: Final = (0.0, 500.0, 5000.0)
"""How far before the span its key packet is sought, in turn, while what is decoded from it comes too late."""

Key = tuple[int | None, ...]
"""A packet's timestamps, position and size: which of the stream it is."""


@dataclass(frozen=True)
class Landing:
    """Where decoding begins."""

    key: Key | None = None
    """The first packet that is decoded; None: the first of the file."""
    seek_s: Fraction | None = None
    """A seek to this time comes before it; None: it is reached from the file's start."""


class Picture:
    """A decoded frame, or a packet that can't be decoded."""

    def __init__(self, timed: TimedFrame, path: Path, limits: Limits) -> None:
        # A manifest holds times as floats: rounding the exact time alike keeps a frame whose own time,
        # taken from an earlier decoding, is the span's start.
        self.start_ms = float(1000 * timed.start_s)
        self.end_ms = float(1000 * timed.end_s)
        self.damaged = timed.frame is None
        self._frame = timed.frame
        self._path, self._limits = path, limits
        self._pixels: NDArray[np.uint8] | None = None

    def pixels(self, to_rgb: VideoReformatter, upright: Upright, size: int) -> NDArray[np.uint8]:
        """The frame as uint8 [3, S, S], RGB, upright; resized as in training, the aspect not kept.

        Kept instead of the frame, which may be 30 times as large.
        """
        if self._pixels is None:
            check_picture(self._frame, self._path, self._limits)
            image = Image.fromarray(to_rgb.reformat(self._frame, format="rgb24").to_ndarray())
            resized = upright(image, self._frame).resize((size, size), Image.Resampling.BILINEAR)
            self._pixels = np.asarray(resized, dtype=np.uint8).transpose(2, 0, 1)
            self._frame = None
        return self._pixels


class PictureReader:
    """Reads spans of the best stream of pictures; cheapest in the order of their starts."""

    def __init__(self, path: Path | str, size: int, limits: Limits = LIMITS) -> None:
        self.path, self.size, self.limits = Path(path), size, limits
        self.decoded = 0
        """How many frames were, for those who count."""
        # One for all frames: each `frame.to_ndarray` sets up a converter of its own, 40 times the work.
        self.to_rgb = VideoReformatter()
        self.upright = Upright()
        self._opened = ExitStack()
        self._scout: Any = None
        """The file once more, to look for key packets while the run stays where it is."""
        self._run: _Run | None = None

    def close(self) -> None:
        """Close the file."""
        self._leave()
        self._opened.close()

    def pictures(self, start_ms: float) -> Iterator[Picture]:
        """The frames of the best stream that start at a time or later, and the packets that can't be decoded.

        Args:
            start_ms: in the media's time.

        Yields:
            Them, in the order in which decoding gives them; nothing where there is no such stream. Ask only until
            `pictures` is called again.

        Raises:
            MediaError: the file can't be read.
            LimitError: it asks for more than the limits.
        """
        deadline = Deadline(self.limits.decode_s, f"the picture of '{self.path}' from {start_ms} ms on")
        try:
            if self._looked_at() is None:
                return
            yield from self._reaching(start_ms, deadline).since(start_ms)
        except Exception:
            self._leave()  # it can't go on, and would end as if the stream did
            raise

    def _looked_at(self) -> Any | None:
        """The scout's stream of pictures, if the file has one."""
        if self._scout is None:
            self._scout = self._opened.enter_context(open_media(self.path, self.limits))
        stream = stream_of(self._scout, "video")
        if stream is not None:
            check_picture(stream.codec_context, self.path, self.limits)
        return stream

    def _reaching(self, start_ms: float, deadline: Deadline) -> "_Run":
        """A run from the key packet of a span, and of a whole file where none is found that decodes in time."""
        for margin_ms in MARGINS_MS:
            run = self._at(self._landing(start_ms - margin_ms, deadline), start_ms, deadline)
            if run.begins_ms <= start_ms or run.landing.key is None:
                return run
        return self._at(Landing(), start_ms, deadline)

    def _at(self, landing: Landing, start_ms: float, deadline: Deadline) -> "_Run":
        """The run that is there, if it began at the same packet and still has what the span needs; else a new one."""
        run = self._run
        if run is None or run.landing.key != landing.key or start_ms < run.low_ms:
            self._leave()
            run = self._run = _Run(self, landing, start_ms, deadline)
        run.deadline = deadline
        return run

    def _leave(self) -> None:
        if self._run is not None:
            self._run.close()
            self._run = None

    def _landing(self, until_ms: float, deadline: Deadline) -> Landing:
        """The last key packet that starts until a time, and how it is reached."""
        stream = self._looked_at()
        for back_s in SEEK_BACK_S:
            seek_s = Fraction(until_ms) / 1000 - Fraction(back_s)
            if seek_s <= 0:
                break
            try:
                seek(self._scout, stream, seek_s)
            except (av.error.FFmpegError, OSError):
                continue  # a seek from farther back, or reading from the start, does without
            key = _last_key(self._scout, stream, until_ms, deadline)
            if key is not None:
                return Landing(key, seek_s)
        with open_media(self.path, self.limits) as container:
            return Landing(_last_key(container, stream_of(container, "video"), until_ms, deadline))


class _Run:
    """Decoding from one packet on."""

    def __init__(self, reader: PictureReader, landing: Landing, start_ms: float, deadline: Deadline) -> None:
        self.reader, self.landing, self.deadline = reader, landing, deadline
        self.low_ms = start_ms
        """What starts earlier is gone."""
        self._opened = ExitStack()
        self._pictures = self._decoded(self._opened.enter_context(open_media(reader.path, reader.limits)))
        first = next(self._pictures, None)
        self.begins_ms = float("inf") if first is None else first.start_ms
        self._kept = [] if first is None else [first]

    def close(self) -> None:
        """Close the file."""
        self._pictures.close()
        self._opened.close()

    def since(self, start_ms: float) -> Iterator[Picture]:
        """Pictures from a time on: those that an earlier span took too, and what follows."""
        self.low_ms = start_ms
        self._kept = kept = [picture for picture in self._kept if picture.start_ms >= start_ms]
        yield from kept
        for picture in self._pictures:
            if picture.start_ms >= start_ms:
                kept.append(picture)
                yield picture

    def _decoded(self, container: Any) -> Any:
        """All pictures from the landing on; of a key packet, from its own."""
        stream: Any = stream_of(container, "video")
        stream.codec_context.options = {"max_pixels": str(self.reader.limits.pixels)}
        if self.landing.seek_s is not None:
            seek(container, stream, self.landing.seek_s)
        landed = self.landing.key is None
        for timed in decoded(self._packets(container, stream), stream, origin_s(container)):
            self.reader.decoded += timed.frame is not None
            # Frames before the key frame's lean on pictures that were never decoded.
            landed = landed or (timed.frame is not None and timed.frame.key_frame)
            if landed:
                yield Picture(timed, self.reader.path, self.reader.limits)

    def _packets(self, container: Any, stream: Any) -> Iterator[Any]:
        packets: Iterator[Any] = container.demux(stream)
        if self.landing.key is not None:
            packets = dropwhile(lambda packet: _key(packet) != self.landing.key, packets)
        for packet in packets:
            self.deadline.check()
            yield packet


def _last_key(container: Any, stream: Any, until_ms: float, deadline: Deadline) -> Key | None:
    """The last key packet of those that follow which starts until a time; None where there is none."""
    origin = origin_s(container)
    found: Key | None = None
    packets = container.demux(stream)
    while True:
        deadline.check()
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError, OSError):
            return found  # decoding from there meets the same damage, and says so
        starts, read = (packet.pts, packet.dts) if packet.pts is not None else (packet.dts, packet.dts)
        if packet.is_keyframe and starts is not None and _ms(starts, packet, stream, origin) <= until_ms:
            found = _key(packet)
        if read is not None and _ms(read, packet, stream, origin) > until_ms:
            return found  # no later packet starts before it is read


def _ms(stamp: int, packet: Any, stream: Any, origin: Fraction) -> float:
    return float(1000 * time_s(stamp, packet, stream, origin))


def _key(packet: Any) -> Key:
    return packet.pts, packet.dts, packet.pos, packet.size
