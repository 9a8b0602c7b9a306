import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.designs import draw_design, enough, mask_budget, modality_seed

sampled = st.integers(3, 40).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(1, min(100, 2 ** (n - 1) - 1)).map(lambda half: 2 * half))
)
seeds = st.integers(0, 2**63 - 1)
unhurried = settings(deadline=None)  # a busy machine is no failure


def pair_sizes(design):
    """Sizes of the smaller halves of the complement pairs."""
    sizes = design[2::2].sum(axis=1)
    return np.minimum(sizes, design.shape[1] - sizes)


def smaller_halves(design):
    """The masks below half size: one of each complement pair but those that split the players evenly."""
    sizes = design[2:].sum(axis=1)
    return design[2:][2 * sizes < design.shape[1]]


@pytest.mark.parametrize(
    ("n", "masks", "max_masks", "K"),
    [
        (0, "auto", 512, 1),  # an absent modality has its one empty mask
        (0, 100, 512, 1),
        (1, "auto", 512, 2),  # all 2^n, where fewer
        (6, "auto", 512, 64),  # or as many
        (6, 40, 512, 40),
        (16, "auto", 512, 64),
        (17, "auto", 512, 68),  # 4 n
        (10, 33, 512, 34),  # rounded up to even
        (16, 10, 512, 36),  # raised to 2 n + 4
        (3, 1000, 512, 8),
        (10, 5000, 2048, 1024),
        (3, "auto", 6, 6),  # max_masks wins over 2^n, ..
        (200, "auto", 512, 512),  # .. 4 n, ..
        (400, "auto", 512, 512),  # .. and 2 n + 4
        (400, "auto", 4096, 1600),
        (20, 500, 101, 100),  # an odd limit counts as the even number below
    ],
)
def test_budget_follows_the_design(n, masks, max_masks, K):
    assert mask_budget(n, masks=masks, max_masks=max_masks) == K


@pytest.mark.parametrize(
    ("n", "masks", "max_masks", "message"),
    [
        (-1, "auto", 512, "n is -1"),
        (4, 1, 512, "masks is 1: give 'auto'"),
        (4, 2.5, 512, "masks is 2.5"),
        (4, "many", 512, "masks is 'many'"),
        (4, "auto", 1, "max_masks is 1: give a number of at least 2"),
    ],
)
def test_impossible_budgets_are_refused(n, masks, max_masks, message):
    with pytest.raises(ValueError, match=message):
        mask_budget(n, masks=masks, max_masks=max_masks)


@unhurried
@given(n=st.integers(0, 400), masks=st.just("auto") | st.integers(2, 2000), max_masks=st.integers(2, 2000))
def test_every_budget_can_be_drawn(n, masks, max_masks):
    K = mask_budget(n, masks=masks, max_masks=max_masks)
    assert draw_design(n, K, 0).shape == (K, n)
    assert enough(n, K) or max_masks < 2 * n + 4


def test_enough_is_all_masks_or_two_per_player_and_four():
    assert [K for K in range(1, 20) if enough(3, K)] == [8, *range(10, 20)]
    assert enough(0, 1)
    assert not enough(400, 512)
    assert enough(400, 804)


@pytest.mark.parametrize("K", [8, 9, 64])
def test_few_players_are_enumerated_with_the_rows_bits_as_players(K):
    design = draw_design(3, K, seed=5)
    assert design.dtype == np.bool_
    assert [sum(int(bit) << i for i, bit in enumerate(row)) for row in design] == list(range(8))


def test_no_players_have_one_empty_mask():
    assert draw_design(0, 1, seed=0).shape == (1, 0)
    assert draw_design(0, 64, seed=0).shape == (1, 0)


@unhurried
@given(sampled, seeds)
def test_a_sample_is_none_all_and_distinct_complement_pairs(shape, seed):
    n, K = shape
    design = draw_design(n, K, seed)
    assert design.dtype == np.bool_
    assert design.shape == (K, n)
    assert not design[0].any()
    np.testing.assert_array_equal(design[1::2], ~design[::2])
    assert len(np.unique(design, axis=0)) == K


@unhurried
@given(sampled, seeds)
def test_sizes_are_as_even_as_the_number_of_pairs_allows(shape, seed):
    n, K = shape
    counts = np.bincount(pair_sizes(draw_design(n, K, seed)), minlength=n // 2 + 1)[1:].tolist()
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
    sizes = np.concatenate([draw_design(n, K, seed)[2:].sum(axis=1) for seed in range(draws)])
    law = np.bincount(sizes, minlength=n)[1:] / draws
    np.testing.assert_allclose(law, (K - 2) / (n - 1), atol=0.12)


@pytest.mark.parametrize(("n", "K"), [(6, 62), (5, 30), (6, 56), (8, 200)])
def test_sizes_that_run_out_are_taken_whole(n, K):
    for seed in range(10):
        counts = np.bincount(draw_design(n, K, seed).sum(axis=1), minlength=n + 1)
        assert counts.sum() == K
        assert counts[1] == counts[n - 1] == n


@pytest.mark.parametrize(("n", "K"), [(16, 36), (16, 64), (30, 64), (100, 204), (400, 804)])
def test_players_are_balanced(n, K):
    for seed in range(10):
        design = draw_design(n, K, seed)
        np.testing.assert_array_equal(design.sum(axis=0), K // 2)
        halves = smaller_halves(design)
        assert np.ptp(halves.sum(axis=0)) <= 1
        for size in range(1, (n + 1) // 2):
            assert np.ptp(halves[halves.sum(axis=1) == size].sum(axis=0)) <= 2


@pytest.mark.parametrize(("n", "K"), [(5, 20), (7, 100), (8, 200)])
def test_players_stay_nearly_balanced_where_masks_run_out(n, K):
    for seed in range(10):
        assert np.ptp(smaller_halves(draw_design(n, K, seed)).sum(axis=0)) <= 4


def test_every_player_is_drawn_alike():
    n, K, draws = 7, 12, 2000
    singles = np.zeros(n)
    for seed in range(draws):
        halves = smaller_halves(draw_design(n, K, seed))
        singles += halves[halves.sum(axis=1) == 1].sum(axis=0)
    np.testing.assert_allclose(singles / singles.mean(), 1, atol=0.15)


def test_a_design_depends_on_its_arguments_alone():
    tasks = [(n, 24, seed) for n in (5, 9, 20) for seed in range(3)]
    forth = {task: draw_design(*task) for task in tasks}
    back = {task: draw_design(*task) for task in reversed(tasks)}
    for task in tasks:
        np.testing.assert_array_equal(forth[task], back[task])
    assert (forth[9, 24, 0] != forth[9, 24, 1]).any()


@pytest.mark.parametrize(
    ("n", "K", "message"),
    [
        (-2, 4, "n is -2"),
        (5, 1, "K is 1 for n = 5"),
        (5, 7, "K is 7: .* give 8"),
        (0, 0, "K is 0 for n = 0"),
    ],
)
def test_impossible_designs_are_refused(n, K, message):
    with pytest.raises(ValueError, match=message):
        draw_design(n, K, seed=0)


def test_seeds_differ_by_each_argument():
    keys = [(0, "ab", "text"), (1, "ab", "text"), (0, "ac", "text"), (0, "ab", "audio"), (0, "abtext", "")]
    assert len({modality_seed(*key) for key in keys}) == len(keys)


@unhurried
@given(st.integers(), st.text(), st.sampled_from(["text", "audio", "video"]))
def test_seeds_serve_numpy_and_a_signed_column(seed, segment_id, modality):
    drawn = modality_seed(seed, segment_id, modality)
    assert 0 <= drawn < 2**63
    np.random.default_rng(drawn)


def test_seeds_never_change():
    # What lies on disk was drawn with this seed, so that a resumed run must draw it again.
    assert modality_seed(3, "segmént 7", "audio") == 8453812602797054871
