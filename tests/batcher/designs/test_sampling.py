import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.designs.sampling import add_pairs

sampled = st.integers(3, 24).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(2, min(60, 2 ** (n - 1) - 1)).map(lambda half: 2 * half))
)
seeds = st.integers(0, 2**63 - 1)
unhurried = settings(deadline=None)  # a busy machine is no failure


def drawn(n, K, seed):
    """Complement pairs after none and all, as one step draws them."""
    return add_pairs(np.repeat([[False], [True]], n, axis=1), K, np.random.default_rng(seed))


def pair_sizes(design):
    """Sizes of the smaller halves of the complement pairs."""
    sizes = design[2::2].sum(axis=1)
    return np.minimum(sizes, design.shape[1] - sizes)


@unhurried
@given(sampled, seeds)
def test_sizes_are_as_even_as_the_number_of_pairs_allows(shape, seed):
    n, K = shape
    counts = np.bincount(pair_sizes(drawn(n, K, seed)), minlength=n // 2 + 1)[1:].tolist()
    limits = [math.comb(n, size) // (2 if 2 * size == n else 1) for size in range(1, n // 2 + 1)]
    below = [count for size, count in enumerate(counts, start=1) if 2 * size < n]
    uncapped = [count for count, limit in zip(below, limits, strict=False) if count < limit]
    for count, limit in zip(counts, limits, strict=True):
        assert count <= limit
    if uncapped:
        assert max(uncapped) - min(uncapped) <= 1
        assert max(below) <= max(uncapped) + 1  # a full size never holds more than its share
    if n % 2 == 0 and counts[-1] < limits[-1] and uncapped:
        assert abs(counts[-1] - np.mean(uncapped) / 2) < 2


@pytest.mark.parametrize(("n", "K"), [(9, 36), (10, 36), (41, 16)])
def test_a_masks_size_is_uniform_in_the_mean(n, K):
    draws = 400
    sizes = np.concatenate([drawn(n, K, seed)[2:].sum(axis=1) for seed in range(draws)])
    law = np.bincount(sizes, minlength=n)[1:] / draws
    np.testing.assert_allclose(law, (K - 2) / (n - 1), atol=0.12)


@unhurried
@given(sampled, st.integers(1, 3), seeds)
def test_pairs_are_added_to_those_that_are_there(shape, parts, seed):
    n, K = shape
    design = np.repeat([[False], [True]], n, axis=1)
    rng = np.random.default_rng(seed)
    for part in range(1, parts + 1):
        longer = add_pairs(design, max(len(design), 2 + (K - 2) * part // parts // 2 * 2), rng)
        np.testing.assert_array_equal(longer[: len(design)], design)
        design = longer
    assert len(design) == K
    assert len(np.unique(design, axis=0)) == K
    np.testing.assert_array_equal(design[1::2], ~design[::2])
