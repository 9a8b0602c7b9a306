"""Random complement pairs: sizes stratified, players balanced, no mask twice."""

import itertools
import math

import numpy as np
import numpy.typing as npt

from batcher.estimators.arrays import BoolArray, FloatArray

IntArray = npt.NDArray[np.int64]
Half = tuple[int, ...]
"""The smaller half of a pair: the players that it keeps, sorted."""


def add_pairs(design: BoolArray, K: int, rng: np.random.Generator) -> BoolArray:
    """Add random complement pairs to a design until it has K masks.

    Args:
        design: bool [K_0, n]: none, all, and complement pairs in adjacent rows.
        K: Even, at least K_0, below 2^n.
        rng: Draws.

    Returns:
        bool [K, n], which begins with the design.
    """
    n = design.shape[1]
    taken = _halves(design)
    added = _draw_halves(n, _pair_counts(n, K // 2 - 1, taken, rng), taken, rng)
    new = np.zeros((2 * len(added), n), dtype=np.bool_)
    for row, half in enumerate(added):
        new[2 * row, list(half)] = True
    new[1::2] = ~new[::2]
    return np.concatenate([design, new])


def _halves(design: BoolArray) -> list[set[Half]]:
    """The pairs of a design by the size of their smaller half: entry s - 1 holds those of size s."""
    n = design.shape[1]
    halves: list[set[Half]] = [set() for _ in range(n // 2)]
    for first, second in zip(design[2::2], design[3::2], strict=True):
        half = _canonical_half(np.flatnonzero(first if 2 * first.sum() <= n else second), n)
        halves[len(half) - 1].add(half)
    return halves


def _pair_counts(n: int, pairs: int, taken: list[set[Half]], rng: np.random.Generator) -> IntArray:
    """How many of the pairs have a smaller half of size 1, 2, .., n // 2; int64 [n // 2]."""
    weight = np.ones(n // 2)
    if n % 2 == 0:
        weight[-1] = 0.5
    least = np.array([len(halves) for halves in taken], dtype=np.int64)
    most = np.array([min(pairs, _distinct_pairs(n, size)) for size in range(1, n // 2 + 1)], dtype=np.int64)
    counts = np.zeros(n // 2, dtype=np.int64)
    free = np.ones(n // 2, dtype=np.bool_)
    while left := pairs - int(counts.sum()):
        share = left * weight * free / weight[free].sum()
        short, full = free & (share < least), free & (share >= most)
        # What bounds take from the others, or leave to them, is settled first, whichever is more: settled in the other
        # order, the last size may have less room than is left.
        taken_more = np.clip(share, least, most)[free].sum() > left
        settled, limit = (short, least) if short.any() and (taken_more or not full.any()) else (full, most)
        if not settled.any():
            return counts + _round_systematically(share, rng)
        counts[settled] = limit[settled]
        free &= ~settled
    return counts


def _distinct_pairs(n: int, size: int) -> int:
    return math.comb(n, size) // (2 if 2 * size == n else 1)


def _round_systematically(share: FloatArray, rng: np.random.Generator) -> IntArray:
    """Whole numbers with the sum of the shares and, in the mean, the shares; none is off by 1 or more."""
    # Rounded: the last edge must be whole, and a share of 0 must leave its two edges equal.
    edges = np.round(np.concatenate([[0.0], np.cumsum(share)]), 9)
    return np.diff(np.floor(edges + rng.random())).astype(np.int64)


def _draw_halves(n: int, counts: IntArray, taken: list[set[Half]], rng: np.random.Generator) -> list[Half]:
    """New halves, so that counts[s - 1] pairs of size s are there with those that are taken."""
    halves: list[Half] = []
    used = _times_used(n, taken)
    for size, (count, there) in enumerate(zip(counts.tolist(), taken, strict=True), start=1):
        limit = _distinct_pairs(n, size)
        if 2 * count <= limit:
            halves += _draw_balanced(n, size, count - len(there), there, used, rng)
        else:
            # Most of the size is wanted: drawing what is left out stays fast, and as balanced.
            left_out = {*there, *_draw_balanced(n, size, limit - count, there, np.zeros(n), rng)}
            halves += [half for half in _every_half(n, size) if half not in left_out]
    return halves


def _times_used(n: int, taken: list[set[Half]]) -> FloatArray:
    """How often each player appears in halves smaller than n / 2; float64 [n]."""
    used = np.zeros(n)
    for halves in taken:
        for half in halves:
            _count_use(used, half)
    return used


def _count_use(used: FloatArray, half: Half) -> None:
    """At n / 2 both halves are masks of the size, and a pair holds every player once."""
    if 2 * len(half) < len(used):
        used[list(half)] += 1


def _every_half(n: int, size: int) -> list[Half]:
    players = range(1, n) if 2 * size == n else range(n)
    return list(itertools.combinations(players, size))


def _draw_balanced(
    n: int, size: int, count: int, taken: set[Half], used: FloatArray, rng: np.random.Generator
) -> list[Half]:
    """Distinct halves of one size, none of them taken; counts in used, float64 [n], the players that they keep.

    Each half takes the players used least so far, ties at random: it is the next cut out of a row of random
    permutations. Where that repeats a half, the order counts for less with each further try.
    """
    halves: dict[Half, None] = {}
    tries = 1
    while len(halves) < count:
        half = _canonical_half(np.argsort(used + tries * rng.random(n))[:size], n)
        if half in halves or half in taken:
            tries += 1
            continue
        tries = 1
        halves[half] = None
        _count_use(used, half)
    return list(halves)


def _canonical_half(chosen: npt.NDArray[np.intp], n: int) -> Half:
    """A name for a pair: at size n / 2, where either half would do, the one without player 0."""
    players = set(chosen.tolist())
    if 2 * len(players) == n and 0 in players:
        players = set(range(n)) - players
    return tuple(sorted(players))
