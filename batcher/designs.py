"""Which sub-masks to draw: how many per modality, and which coalitions.

A design is a bool array [K, n]: K masks over the n players of a modality, True where a player is kept.
"""

import hashlib
import itertools
import json
import math
from typing import Literal

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

AUTO_MASKS = 64
AUTO_MASKS_PER_PLAYER = 4
MAX_MASKS = 512
NONE_AND_ALL = 2


def mask_budget(n: int, *, masks: int | Literal["auto"], max_masks: int = MAX_MASKS) -> int:
    """The number of masks K for a modality of n players (the design, section "Masks").

    ``"auto"`` is max(64, 4 n); a number is rounded up to even and raised to 2 n + 4. All 2^n masks win
    where they are no more than that. ``max_masks`` wins over all, and may leave too few for a solution: ask
    `enough`.

    Args:
        n: Players of the modality.
        masks: Masks asked for, at least 2, or ``"auto"``.
        max_masks: The largest number allowed, at least 2; an odd one counts as the even number below it.

    Returns:
        K: 1 where there are no players, otherwise an even number.

    Raises:
        ValueError: n is negative, or masks or max_masks below 2.
    """
    _check_players(n)
    if masks != "auto" and (not isinstance(masks, int | np.integer) or masks < NONE_AND_ALL):
        raise ValueError(f"masks is {masks!r}: give 'auto', or a number of at least 2 (none and all)")
    if max_masks < NONE_AND_ALL:
        raise ValueError(f"max_masks is {max_masks}: give a number of at least 2 (none and all)")
    if n == 0:
        return 1
    if masks == "auto":
        wanted = max(AUTO_MASKS, AUTO_MASKS_PER_PLAYER * n)
    else:
        wanted = max(int(masks) + int(masks) % 2, _fewest(n))
    return min(wanted, 1 << int(n), max_masks - max_masks % 2)


def enough(n: int, K: int) -> bool:
    """Whether K masks can determine n players: all 2^n of them, or at least 2 n + 4.

    The K / 2 complement pairs must span n dimensions; with fewer, an estimate isn't `converged`.
    """
    return (1 << int(n)) == K or _fewest(n) <= K


def draw_design(n: int, K: int, seed: int) -> BoolArray:
    """Draw K coalitions of n players: of one modality, or of all of them for a black-box kernel SHAP.

    Where 2^n <= K these are all coalitions, in a fixed order: row r keeps player i where bit i of r is set.
    Otherwise row 0 is none, row 1 is all, and complement pairs follow, each in adjacent rows. The smaller
    half of a pair has a size uniform on 1..n/2, with half the weight at n/2, so that a mask's size is uniform
    on 1..n-1: the leverage law (Musco and Witter, Leverage SHAP, arXiv 2410.01917). Sizes are stratified: as
    even as the number of distinct pairs of a size allows, the remainder drawn. No mask appears twice, and
    players are balanced, as if masks were cut out of random permutations.

    Args:
        n: Players.
        K: Masks, even where they are fewer than 2^n.
        seed: The design is a function of (n, K, seed) alone; `modality_seed` gives seeds.

    Returns:
        bool [min(K, 2^n), n]; bool [1, 0] where n = 0.

    Raises:
        ValueError: n is negative, K below 2 (below 1 where n = 0), or K odd and below 2^n.
    """
    _check_players(n)
    if min(NONE_AND_ALL, n + 1) > K:
        raise ValueError(f"K is {K} for n = {n} players: a design holds none and all, so give K >= 2")
    if (1 << int(n)) <= K:
        return _every_mask(n)
    if K % 2:
        raise ValueError(f"K is {K}: none, all and complement pairs are even in number; give {K + 1}")
    return _draw_sample(n, K, np.random.default_rng(seed))


def modality_seed(seed: int, segment_id: str, modality: str) -> int:
    """The seed of one modality's design in one segment.

    It depends on the three arguments only, so an estimate never depends on the order of segments, and is the
    same in every process and version. It fits a signed 64-bit integer.
    """
    key = json.dumps([int(seed), segment_id, modality]).encode("ascii")
    digest = hashlib.blake2b(key, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _check_players(n: int) -> None:
    if n < 0:
        raise ValueError(f"n is {n}: the number of players can't be negative; give 0 for an absent modality")


def _fewest(n: int) -> int:
    return 2 * int(n) + 4


def _every_mask(n: int) -> BoolArray:
    """All masks, bool [2^n, n]: bit i of the row is player i."""
    bits: BoolArray = (np.arange(1 << n)[:, None] >> np.arange(n)) % 2 == 1
    return bits


def _draw_sample(n: int, K: int, rng: np.random.Generator) -> BoolArray:
    """None, all and (K - 2) / 2 complement pairs, bool [K, n]."""
    halves = _draw_halves(n, _pair_counts(n, K // 2 - 1, rng), rng)
    design = np.zeros((K, n), dtype=np.bool_)
    for row, half in enumerate(halves, start=1):
        design[2 * row, list(half)] = True
    design[1::2] = ~design[::2]
    return design


def _pair_counts(n: int, pairs: int, rng: np.random.Generator) -> IntArray:
    """How many of the pairs have a smaller half of size 1, 2, .., n // 2; int64 [n // 2]."""
    weight = np.ones(n // 2)
    if n % 2 == 0:
        weight[-1] = 0.5
    limit = np.array([min(pairs, _distinct_pairs(n, size)) for size in range(1, n // 2 + 1)])
    counts = np.zeros(n // 2, dtype=np.int64)
    free = np.ones(n // 2, dtype=np.bool_)
    while left := pairs - int(counts.sum()):
        share = left * weight * free / weight[free].sum()
        full = free & (share >= limit)
        if not full.any():
            return counts + _round_systematically(share, rng)
        counts[full] = limit[full]
        free &= ~full
    return counts


def _distinct_pairs(n: int, size: int) -> int:
    return math.comb(n, size) // (2 if 2 * size == n else 1)


def _round_systematically(share: FloatArray, rng: np.random.Generator) -> IntArray:
    """Whole numbers with the sum of the shares and, in the mean, the shares; none is off by 1 or more."""
    # Rounded: the last edge must be whole, and a share of 0 must leave its two edges equal.
    edges = np.round(np.concatenate([[0.0], np.cumsum(share)]), 9)
    return np.diff(np.floor(edges + rng.random())).astype(np.int64)


def _draw_halves(n: int, counts: IntArray, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """The smaller halves of the pairs, as sorted tuples of the players kept: counts[s - 1] of size s."""
    halves: list[tuple[int, ...]] = []
    used = np.zeros(n)
    for size, count in enumerate(counts.tolist(), start=1):
        limit = _distinct_pairs(n, size)
        if 2 * count <= limit:
            halves += _draw_balanced(n, size, count, used, rng)
        else:
            # Most of the size is wanted: drawing what is left out stays fast, and as balanced.
            left_out = set(_draw_balanced(n, size, limit - count, np.zeros(n), rng))
            halves += [half for half in _every_half(n, size) if half not in left_out]
    return halves


def _every_half(n: int, size: int) -> list[tuple[int, ...]]:
    players = range(1, n) if 2 * size == n else range(n)
    return list(itertools.combinations(players, size))


def _draw_balanced(n: int, size: int, count: int, used: FloatArray, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Distinct halves of one size; adds to used, float64 [n], how often each player appears.

    Each half takes the players used least so far, ties at random: it is the next cut out of a row of random
    permutations. Where that repeats a half, the order counts for less with each further try.
    """
    halves: dict[tuple[int, ...], None] = {}
    tries = 1
    while len(halves) < count:
        chosen = np.argsort(used + tries * rng.random(n))[:size]
        half = _canonical_half(chosen, n)
        if half in halves:
            tries += 1
            continue
        tries = 1
        halves[half] = None
        if 2 * size < n:  # at n / 2 both halves are masks of the size, and a pair holds every player once
            used[chosen] += 1
    return list(halves)


def _canonical_half(chosen: npt.NDArray[np.intp], n: int) -> tuple[int, ...]:
    """A name for a pair: at size n / 2, where either half would do, the one without player 0."""
    players = set(chosen.tolist())
    if 2 * len(players) == n and 0 in players:
        players = set(range(n)) - players
    return tuple(sorted(players))
