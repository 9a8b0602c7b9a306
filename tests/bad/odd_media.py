"""Files that are well-formed, and hold what nobody expects."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from bench.hostile.sources import SOURCES, Source, riff, tone
from tests.bad.case import Case, Either, Refused, by, either, file

WAVE = tone(3200).astype(np.float32)
SUBTITLES = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"
PICTURE_ONLY = Source("mp4", ".mp4", "libx264")
PNG = Source("mov", ".mov", "png")


def riff_of(make):
    return lambda: riff(*make())


def with_some(value):
    wave = WAVE.copy()
    wave[::100] = value
    return wave


def channels(number):
    return np.repeat((32_000 * WAVE).astype(np.int16)[:, None], number, axis=1)


SOUNDS = {
    "no sample": (lambda: (WAVE[:0],), either()),
    "one sample": (lambda: (WAVE[:1],), by("audio")),
    "NaN now and then": (lambda: (with_some(np.nan),), by("audio", cut=True)),
    "infinity now and then": (lambda: (with_some(-np.inf),), by("audio", cut=True)),
    "1e38 now and then": (lambda: (with_some(1e38),), by("audio", cut=True)),
    "NaN alone": (lambda: (with_some(np.nan) * np.nan,), by("audio", cut=True)),
    "1e300 in doubles": (lambda: (with_some(1).astype(np.float64) * 1e300,), by("audio", cut=True)),
    "floats as large as integers": (lambda: (WAVE * 2**31,), by("audio")),
    "denormal floats": (lambda: (WAVE * np.float32(1e-42),), by("audio")),
    "silence": (lambda: (WAVE * 0,), by("audio")),
    "a constant": (lambda: (WAVE * 0 + 1,), by("audio")),
    "a clipped wave": (lambda: ((32_767 * np.sign(WAVE)).astype(np.int16),), by("audio")),
    "8 bits": (lambda: ((128 + 100 * WAVE).astype(np.uint8),), by("audio")),
    "32 bits": (lambda: ((2**30 * WAVE).astype(np.int32),), by("audio")),
    "doubles": (lambda: (WAVE.astype(np.float64),), by("audio")),
    "192 kHz": (lambda: (np.tile(WAVE, 12), 192_000), by("audio")),
    "1 Hz": (lambda: (WAVE[:2], 1), either("audio")),
    "11,025 Hz": (lambda: (WAVE, 11_025), by("audio")),
    "2,147,483,647 Hz": (lambda: (WAVE, 2**31 - 1), Refused("has 2147483647 samples a second, more than")),
    "8 channels": (lambda: (channels(8),), by("audio")),
    "63 channels": (lambda: (channels(63),), by("audio")),
}


def patched(source: Source, old: bytes, offset: int, new: bytes) -> bytes:
    """Bytes of a file at a distance from a mark in it, every time that the mark stands there."""
    content = bytearray(source.content())
    at = content.find(old)
    while at >= 0:
        content[at + offset : at + offset + len(new)] = new
        at = content.find(old, at + 1)
    return bytes(content)


def data_rate(rate_hz: int) -> bytes:
    """Its byte rate and block size are lies."""
    content = bytearray(riff(WAVE))
    content[24:28] = rate_hz.to_bytes(4, "little")
    content[28:34] = bytes(6)
    return bytes(content)


def cover_only(folder: Path):
    """A sound file without sound: its tag holds a picture."""
    (folder / "x.mp3").write_bytes(b"ID3\x04\0\0\0\0\0\x0a" + bytes(10))
    return {"media": "x.mp3"}


def _pictures() -> Iterator[Case]:
    for width, height in [(1, 1), (2, 2), (4096, 2), (2, 4096), (17, 3)]:
        source = replace(PNG, width=width, height=height, frames=2)
        yield Case(f"pictures of {width} x {height}", file("x.mov", source.content), by("video"))
    lies = partial(patched, PNG, b"IHDR", 4, (65_500).to_bytes(4, "big") * 2)
    yield Case("pictures that say 65500 x 65500", file("x.mov", lies), Refused("x.mov"))
    nothing = partial(patched, PNG, b"IHDR", 4, bytes(8))
    yield Case("pictures that say 0 x 0", file("x.mov", nothing), Refused("x.mov"))
    entry = partial(patched, PICTURE_ONLY, b"avc1\0\0\0\0\0\0\0\1", 28, b"\xff\xff\xff\xff")
    yield Case("an index that says 65535 x 65535", file("x.mp4", entry), by("video"))
    yield Case("one frame", file("x.mp4", replace(PICTURE_ONLY, frames=1).content), by("video"))
    yield Case("no frame", file("x.mp4", replace(PICTURE_ONLY, frames=0).content), Refused("x.mp4"))
    picture = Source("image2pipe", ".png", "png", frames=1)
    yield Case("a photograph", file("x.png", picture.content), by("video"))


def _streams() -> Iterator[Case]:
    yield Case("picture alone", file("x.mp4", PICTURE_ONLY.content), by("video"))
    yield Case("sound alone in an mp4", file("x.mp4", replace(SOURCES["mp4"], video=None).content), by("audio"))
    yield Case("subtitles alone", file("x.srt", lambda: SUBTITLES), Refused("neither sound nor picture"))
    yield Case("subtitles and words", file("x.srt", lambda: SUBTITLES, text="Hello there"), by("text"))
    yield Case("a tag alone", cover_only, Refused("x.mp3"))
    latin = replace(SOURCES["mp3"], options={"id3v2_version": "3", "write_id3v1": "1"})
    content = lambda: latin.content() + b"TAG" + "Café à la crème".encode("latin-1").ljust(125, b"\0")  # noqa: E731
    yield Case("a title in Latin-1", file("x.mp3", content), by("audio"))
    yield Case("a title in Latin-1 in a wav", file("x.wav", latin_wav), by("audio"))


def latin_wav() -> bytes:
    title = b"INAM" + (8).to_bytes(4, "little") + b"Caf\xe9 \xe0\0\0"
    chunk = b"LIST" + (4 + len(title)).to_bytes(4, "little") + b"INFO" + title
    content = riff(WAVE)
    whole_length = (int.from_bytes(content[4:8], "little") + len(chunk)).to_bytes(4, "little")
    return content[:4] + whole_length + content[8:12] + chunk + content[12:]


def _times() -> Iterator[Case]:
    for name, container, suffix in [("an mkv", "matroska", ".mkv"), ("a ts", "mpegts", ".ts")]:
        source = replace(SOURCES["mkv" if container == "matroska" else "ts"])
        late = replace(source, options={"output_ts_offset": "36000"})
        yield Case(f"{name} that starts at 10 hours", file(f"x{suffix}", late.content), by("audio", "video"))
    early = replace(SOURCES["mp4"], options={"output_ts_offset": "-0.2", "avoid_negative_ts": "disabled"})
    yield Case("an mp4 that starts before 0", file("x.mp4", early.content), by("audio", "video"))
    live = replace(SOURCES["mkv"], options={"live": "1"})
    yield Case("an mkv without a duration", file("x.mkv", live.content), by("audio", "video"))
    still = partial(patched, PICTURE_ONLY, b"stts", 12, bytes(4))
    yield Case("frames that last nothing", file("x.mp4", still), either("video"))
    ages = partial(patched, PICTURE_ONLY, b"stts", 12, b"\x7f\xff\xff\xff")
    yield Case("frames that last days", file("x.mp4", ages), either("video"))
    many = partial(patched, PICTURE_ONLY, b"stts", 8, b"\x7f\xff\xff\xff")
    yield Case("an index of two thousand million frames", file("x.mp4", many), either("video"))
    boasting = file("x.wav", lambda: riff(WAVE).replace(b"data", b"data\xff\xff\xff\xff"))
    yield Case("a wav that says 4 GB", boasting, either("audio"))
    yield Case("a wav of 0 bytes a sample", file("x.wav", lambda: data_rate(16_000)), either("audio"))
    yield Case("a wav of 0 Hz", file("x.wav", lambda: data_rate(0)), either("audio"))


def _sounds() -> Iterator[Case]:
    for name, (make, becomes) in SOUNDS.items():
        yield Case(f"a wav of {name}", file("x.wav", riff_of(make)), _none(becomes))


def _none(becomes):
    """Of no modality nothing can be explained."""
    return Refused("x.wav") if becomes == Either(frozenset()) else becomes


CASES = [*_sounds(), *_pictures(), *_streams(), *_times()]
