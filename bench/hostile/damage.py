"""Damage to a file's bytes."""

import random
from collections.abc import Callable, Mapping
from typing import Final

FLIPPED_BITS: Final = 8
LONGEST_HOLE: Final = 512
"""Bytes."""
Damage = Callable[[bytes, random.Random], bytes]


def truncated(content: bytes, chance: random.Random) -> bytes:
    """Cut off anywhere."""
    return content[: chance.randrange(len(content))]


def flipped(content: bytes, chance: random.Random, first: float = 0.0, last: float = 1.0) -> bytes:
    """Some bits turned over, between two places: fractions of the length."""
    damaged = bytearray(content)
    low, high = int(first * len(content)), max(int(last * len(content)), 1)
    for _ in range(FLIPPED_BITS):
        damaged[chance.randrange(low, high)] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def header_flipped(content: bytes, chance: random.Random) -> bytes:
    """Some bits turned over in the first twentieth."""
    return flipped(content, chance, last=0.05)


def zeroed(content: bytes, chance: random.Random) -> bytes:
    """A hole of zeros, as a disk leaves it."""
    length = chance.randrange(1, LONGEST_HOLE)
    start = chance.randrange(len(content))
    return content[:start] + bytes(len(content[start : start + length])) + content[start + length :]


def scattered(content: bytes, chance: random.Random) -> bytes:
    """One byte of every hundred is another."""
    damaged = bytearray(content)
    for _ in range(1 + len(content) // 100):
        damaged[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(damaged)


def shuffled(content: bytes, chance: random.Random) -> bytes:
    """Its blocks of 512 bytes in another order, the first where it was."""
    first, *blocks = (content[i : i + 512] for i in range(0, len(content), 512))
    chance.shuffle(blocks)
    return first + b"".join(blocks)


DAMAGES: Final[Mapping[str, Damage]] = {
    "truncated": truncated,
    "flipped": flipped,
    "header flipped": header_flipped,
    "zeroed": zeroed,
    "scattered": scattered,
    "shuffled": shuffled,
}
"""By name."""


def damaged(content: bytes, damage: str, seed: str) -> bytes:
    """The same damage for the same seed."""
    return DAMAGES[damage](content, random.Random(f"{damage} {seed}"))
