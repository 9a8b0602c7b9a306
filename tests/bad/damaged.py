"""Files that were whole once: cut off, with bits turned over, with holes, glued together, under a wrong name."""

import random
from collections.abc import Iterator
from functools import cache, partial

from bench.hostile.damage import damaged, flipped
from bench.hostile.sources import SOURCES
from tests.bad.case import Case, Either, Refused, by, either, file

AUDIO_ONLY = ("mp3", "wav", "flac", "ogg")
INDEX_LAST = ("mp4", "mov")
"""Without their last part, nothing tells where the frames are."""
NOT_READ = Refused("can't be read as media")
LENGTHS = {
    "nothing": lambda size: 0,  # noqa: ARG005
    "a byte": lambda size: 1,  # noqa: ARG005
    "12 bytes": lambda size: 12,  # noqa: ARG005
    "10 %": lambda size: size // 10,
    "50 %": lambda size: size // 2,
    "90 %": lambda size: size * 9 // 10,
    "all but a byte": lambda size: size - 1,
}
KINDS = ("header flipped", "flipped", "zeroed", "scattered")


@cache
def whole(name):
    return SOURCES[name].content()


def streams(name):
    return ("audio",) if name in AUDIO_ONLY else ("audio", "video")


def cut(name, length):
    return whole(name)[: LENGTHS[length](len(whole(name)))]


def random_flips(name, kind, seed):
    return damaged(whole(name), kind, f"{name} {seed}")


def _cut(name) -> Iterator[Case]:
    for length in LENGTHS:
        becomes: Refused | Either = either(*streams(name))
        if length == "nothing":
            becomes = Refused("is empty. Copy it again")
        elif (length in ("a byte", "12 bytes") and name != "flac") or (name in INDEX_LAST and length.endswith("%")):
            becomes = NOT_READ
        yield Case(f"{name} cut to {length}", file(f"x{SOURCES[name].suffix}", partial(cut, name, length)), becomes)


def _flipped(name) -> Iterator[Case]:
    for kind in KINDS:
        make = file(f"x{SOURCES[name].suffix}", partial(random_flips, name, kind, 0))
        yield Case(f"{name} {kind}", make, either(*streams(name)))


def _payload() -> Iterator[Case]:
    """PCM has no structure to break."""
    for seed in range(3):
        make = file("x.wav", lambda seed=seed: flipped(whole("wav"), random.Random(seed), 0.1))
        yield Case(f"samples of a wav flipped {seed}", make, by("audio"))


def _glued() -> Iterator[Case]:
    for name, source in SOURCES.items():
        glued = file(f"x{source.suffix}", lambda n=name: whole(n) * 2)
        yield Case(f"two of {name} glued", glued, by(*streams(name), cut=None))
    glued = file("x.mp4", lambda: whole("mp4") + whole("wav"))
    yield Case("a wav after an mp4", glued, by("audio", "video"))
    glued = file("x.flac", lambda: whole("flac") + whole("mp4"))
    yield Case("an mp4 after a flac", glued, by("audio", cut=None))


def _misnamed() -> Iterator[Case]:
    names = [("mp4", ".wav"), ("wav", ".mp4"), ("mkv", ".mp3"), ("ogg", ".txt"), ("ts", ""), ("mp4", ".m3u8")]
    for name, suffix in names:
        make = file(f"x{suffix}", partial(whole, name))
        yield Case(f"{name} named x{suffix}", make, by(*streams(name)))
    text = b"A transcript.\n" * 99
    for name, content, becomes in [
        ("a text named x.mp4", text, NOT_READ),
        ("a text named x.txt", text, Refused("is text, not media")),
        ("noise named x.mp4", random.Random(0).randbytes(20_000), Refused("x.mp4")),
        ("noise named x.mp3", random.Random(1).randbytes(20_000), Refused("x.mp3")),
        ("zeros named x.mp4", bytes(20_000), Refused("x.mp4")),
        ("zeros named x.ts", bytes(20_000), Refused("x.ts")),
    ]:
        yield Case(name, file(name.split()[-1], lambda content=content: content), becomes)


CASES = [
    *(case for name in SOURCES for case in (*_cut(name), *_flipped(name))),
    *_payload(),
    *_glued(),
    *_misnamed(),
]
