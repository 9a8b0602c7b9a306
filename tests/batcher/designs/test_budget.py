import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.designs import enough, mask_budget, reliable

unhurried = settings(deadline=None)  # a busy machine is no failure


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
def test_every_budget_fits_a_design_and_is_enough_unless_it_is_cut(n, masks, max_masks):
    K = mask_budget(n, masks=masks, max_masks=max_masks)
    assert 1 << n == K or (K % 2 == 0 and 2 <= K < 1 << n)
    assert max(max_masks, 1) >= K
    assert enough(n, K) or max_masks < 2 * n + 4


def test_enough_is_all_masks_or_two_per_player_and_four():
    assert [K for K in range(1, 20) if enough(3, K)] == [8, *range(10, 20)]
    assert enough(0, 1)
    assert not enough(400, 512)
    assert enough(400, 804)


def test_reliable_is_all_masks_or_three_per_player():
    assert [K for K in range(1, 13) if reliable(3, K)] == [8, 9, 10, 11, 12]
    assert reliable(0, 1)
    assert reliable(1, 2)
    assert [K for K in range(30, 52, 2) if reliable(16, K)] == [48, 50]
