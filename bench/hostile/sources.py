"""Short whole media files in every container: what damage is done to."""

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 16_000
FRAMES_PER_S: Final = 25
BLOCK: Final = 1152
"""Samples that are handed to an encoder at a time."""
REPRODUCIBLE: Final = {"fflags": "bitexact"}
"""Without it, Matroska and MPEG bear random numbers."""
FLOAT_WAVE: Final = 3
INTEGER_WAVE: Final = 1
"""Sample formats as a RIFF header numbers them."""


@dataclass(frozen=True)
class Source:
    """A short media file; a stream whose codec is None isn't in it."""

    container: str
    """FFmpeg's name of the format."""
    suffix: str
    video: str | None = None
    audio: str | None = None
    frames: int = 10
    """At 25 a second."""
    width: int = 64
    height: int = 48
    samples: int = 6400
    """At 16 kHz."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Of the container."""

    def write(self, path: Path) -> Path:
        """Write it to a file; the same source gives the same streams each time, in fragments but for some bytes."""
        path.write_bytes(self.content())
        return path

    def content(self) -> bytes:
        """Its bytes."""
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=self.container, options={**REPRODUCIBLE, **self.options}) as container:
            streams = [*self._video(container), *self._audio(container)]
            for stream, items in streams:
                for item in items:
                    container.mux(stream.encode(item))
                container.mux(stream.encode())
        return buffer.getvalue()

    def _video(self, container: Any) -> Iterator[tuple[Any, Iterator[Any]]]:
        if self.video is None:
            return
        options = {"threads": "1", "g": "5"} if self.video == "libx264" else {"g": "5"}
        stream = container.add_stream(self.video, rate=FRAMES_PER_S, options=options)
        stream.width, stream.height = self.width, self.height
        stream.pix_fmt = {"png": "rgb24", "mjpeg": "yuvj420p"}.get(self.video, "yuv420p")
        yield stream, _pictures(self.frames, self.width, self.height)

    def _audio(self, container: Any) -> Iterator[tuple[Any, Iterator[Any]]]:
        if self.audio is None:
            return
        stream = container.add_stream(self.audio, rate=RATE_HZ, layout="mono")
        if self.audio == "flac":
            stream.codec_context.format = "s16"
        yield stream, _blocks(tone(self.samples))


SOURCES: Final[Mapping[str, Source]] = {
    "mp4": Source("mp4", ".mp4", "libx264", "aac"),
    "fragmented": Source("mp4", ".mp4", "libx264", "aac", options={"movflags": "frag_keyframe+empty_moov"}),
    "mov": Source("mov", ".mov", "mjpeg", "pcm_s16le"),
    "mkv": Source("matroska", ".mkv", "libx264", "flac"),
    "webm": Source("webm", ".webm", "libvpx", "libopus"),
    "ts": Source("mpegts", ".ts", "libx264", "mp2"),
    "mpg": Source("vob", ".mpg", "mpeg2video", "mp2"),
    "avi": Source("avi", ".avi", "mpeg4", "libmp3lame"),
    "mp3": Source("mp3", ".mp3", audio="libmp3lame"),
    "wav": Source("wav", ".wav", audio="pcm_s16le"),
    "flac": Source("flac", ".flac", audio="flac"),
    "ogg": Source("ogg", ".ogg", audio="libopus", options={"page_duration": "100000"}),
}
"""By name."""


def tone(samples: int, rate_hz: int = RATE_HZ) -> NDArray[np.float64]:
    """220 Hz at half of full scale: [N], from -1 to 1."""
    return 0.5 * np.sin(2 * np.pi * 220 * np.arange(samples) / rate_hz)


def riff(wave: NDArray[Any], rate_hz: int = RATE_HZ) -> bytes:
    """A `.wav` of samples [N] or [N, channels] as they are: uint8, int16, int32, float32 or float64."""
    channels = 1 if wave.ndim == 1 else wave.shape[1]
    width = channels * wave.itemsize
    kind = FLOAT_WAVE if wave.dtype.kind == "f" else INTEGER_WAVE
    header = struct.pack("<HHIIHH", kind, channels, rate_hz, rate_hz * width & 0xFFFFFFFF, width, 8 * wave.itemsize)
    body = b"WAVEfmt " + struct.pack("<I", len(header)) + header + b"data" + struct.pack("<I", wave.nbytes)
    return b"RIFF" + struct.pack("<I", len(body) + wave.nbytes) + body + wave.tobytes()


def _pictures(number: int, width: int, height: int) -> Iterator[Any]:
    """Noise that moves: every frame has something to be damaged."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    for i in range(number):
        yield av.VideoFrame.from_ndarray(np.roll(noise, i, axis=1), format="rgb24")


def _blocks(wave: NDArray[np.float64]) -> Iterator[Any]:
    samples = (32_767 * wave).astype(np.int16)
    for first in range(0, len(samples), BLOCK):
        frame = av.AudioFrame.from_ndarray(samples[None, first : first + BLOCK], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, first
        yield frame
