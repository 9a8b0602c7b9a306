"""Media whose content says where it comes from: frame i shows i in binary, sample i is a known number."""

import av
import numpy as np
import pytest

from media import Preprocessing

BITS = 10
STRIPE = 8
"""A frame's number in binary: ten black or white stripes, 8 pixels wide, the lowest bit first."""


@pytest.fixture
def preprocessing():
    return Preprocessing()


@pytest.fixture
def write_media():
    return _write_media


@pytest.fixture
def frame_numbers():
    """Reads back which frames a video holds."""

    def read(video):
        middles = ((np.arange(BITS) + 0.5) * video.frames.shape[3] / BITS).astype(int)
        bits = video.frames[:, :, :, middles].astype(float).mean(axis=(1, 2)) > 128
        return (bits @ 2 ** np.arange(BITS)).tolist()

    return read


def _write_media(
    path, *, frames=0, rate_hz=25, wave=None, wave_rate_hz=48_000, codecs=("libx264", "flac"), options=None
):
    """Writes numbered frames, and samples [channels, N] of int16, into a file of the name's format."""
    with av.open(str(path), "w", format=_format(path)) as container:
        streams = []
        if frames:
            video = container.add_stream(
                codecs[0], rate=rate_hz, options=options or {"crf": "18", "g": "40", "bf": "2"}
            )
            video.width, video.height = BITS * STRIPE, 64
            video.pix_fmt = "rgb24" if codecs[0] == "png" else "yuv420p"
            streams.append((video, _numbered(frames)))
        if wave is not None:
            layout = "mono" if len(wave) == 1 else "stereo"
            audio = container.add_stream(codecs[1], rate=wave_rate_hz, layout=layout)
            if codecs[1] == "flac":
                audio.codec_context.format = "s16"
            streams.append((audio, _blocks(wave, wave_rate_hz, layout)))
        for stream, items in streams:
            for item in items:
                container.mux(stream.encode(item))
            container.mux(stream.encode())
    return path


def _format(path):
    return {".mpg": "vob", ".ts": "mpegts", ".mkv": "matroska"}.get(path.suffix)


def _numbered(frames):
    for index in range(frames):
        bits = (index >> np.arange(BITS)) & 1
        row = np.repeat(255 * bits, STRIPE).astype(np.uint8)
        picture = np.broadcast_to(row[None, :, None], (64, BITS * STRIPE, 3))
        yield av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")


def _blocks(wave, rate_hz, layout):
    size = 1152
    for first in range(0, wave.shape[1], size):
        part = np.ascontiguousarray(wave[:, first : first + size].T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
        frame.sample_rate, frame.pts = rate_hz, first
        yield frame
