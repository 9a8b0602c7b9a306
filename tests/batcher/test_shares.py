from dataclasses import replace

import numpy as np
import pytest

from batcher.estimators import Explanation
from batcher.shares import denoised_magnitude, expected_magnitude, share_variances, shares_of

GROUPS = np.repeat([0, 1, 2], [5, 5, 30])
"""Few strong players, and many weak ones: noise moves mass to those."""
CASES = 300


def few_strong_and_many_weak():
    rng = np.random.default_rng(0)
    return rng.normal(size=40) * np.repeat([1.0, 0.5, 0.08], [5, 5, 30])


def share_of(phi):
    totals = np.array([np.abs(phi[..., m == GROUPS]).sum(axis=-1) for m in range(3)])
    return (totals / totals.sum(axis=0)).T


def explained(phi, roots, noise="added"):
    return replace(Explanation.of_errors(phi[:, None], tuple(part[:, :, None] for part in roots), {}), noise=noise)


def simulated(noise, level):
    """Shares that are found and those that are true, [CASES, 3] each, of explanations with known errors."""
    centre = few_strong_and_many_weak()
    found, true = [], []
    for case in range(CASES):
        rng = np.random.default_rng([1, case])
        roots = level * rng.normal(size=(30, 40)) / np.sqrt(30)
        error = rng.normal(size=30) @ roots
        # Noise is added to what is true, or it is what the estimate lacks of it.
        phi, truth = (centre + error, centre) if noise == "added" else (centre, centre + error)
        found.append(shares_of(explained(phi, [roots], noise), GROUPS, 0, seed=case))
        true.append(share_of(truth))
    return found, np.array(true)


def stacked(found, name):
    return np.array([getattr(shares, name) for shares in found])


@pytest.mark.parametrize(("noise", "level"), [("added", 0.02), ("added", 0.05), ("shrunk", 0.05), ("shrunk", 0.1)])
def test_the_correction_takes_away_most_of_the_bias_of_noise(noise, level):
    found, true = simulated(noise, level)
    plain = np.mean(stacked(found, "plain") - true, axis=0)
    corrected = np.mean(stacked(found, "corrected") - true, axis=0)
    assert plain[2] * (1 if noise == "added" else -1) > 0.007  # the weak get more than they should, or less
    assert np.all(np.abs(corrected) < 0.35 * np.abs(plain))


@pytest.mark.parametrize(("noise", "level"), [("added", 0.02), ("shrunk", 0.02), ("shrunk", 0.05), ("shrunk", 0.1)])
def test_an_interval_holds_the_true_share_in_about_95_of_100_cases(noise, level):
    found, true = simulated(noise, level)
    held = np.mean((stacked(found, "low") <= true) & (true <= stacked(found, "high")), axis=0)
    assert np.all((held >= 0.88) & (held <= 0.99))
    assert held.mean() >= 0.9


def test_noise_as_large_as_the_weak_players_is_more_than_the_correction_can_undo():
    # Of an unbiased estimate, to first order: it is worth having, and its intervals miss.
    found, true = simulated("added", 0.1)
    plain = np.mean(stacked(found, "plain") - true, axis=0)
    corrected = np.mean(stacked(found, "corrected") - true, axis=0)
    assert np.all(np.abs(corrected) < 0.5 * np.abs(plain))


def test_errors_that_are_overstated_correct_by_as_much_as_they_are():
    phi, roots = few_strong_and_many_weak(), 0.1 * np.random.default_rng(0).normal(size=(30, 40)) / np.sqrt(30)
    overstated = replace(explained(phi, [2 * roots, 2 * roots], "shrunk"), leverages=(0.75, 1.0))
    np.testing.assert_allclose(overstated.likely_error(), explained(phi, [roots]).se)
    found = shares_of(overstated, GROUPS, 0, seed=0)
    np.testing.assert_allclose(found.corrected, shares_of(explained(phi, [roots], "shrunk"), GROUPS, 0, 0).corrected)
    assert found.half_width > 1.15 * shares_of(explained(phi, [roots], "shrunk"), GROUPS, 0, 0).half_width


def test_shares_add_up_to_1_within_their_intervals():
    for noise in ("added", "shrunk"):
        found, _ = simulated(noise, 0.05)
        np.testing.assert_allclose(stacked(found, "plain").sum(axis=1), 1)
        np.testing.assert_allclose(stacked(found, "corrected").sum(axis=1), 1)
        low, mid, high = (stacked(found, name) for name in ("low", "corrected", "high"))
        assert np.all((low >= 0) & (low <= mid) & (mid <= high) & (high <= 1))
        assert found[0].half_width == pytest.approx((high[0] - low[0]).max() / 2)


def test_what_is_known_exactly_has_one_share():
    phi = few_strong_and_many_weak()
    shares = shares_of(explained(phi, []), GROUPS, 0, seed=0)
    for part in (shares.plain, shares.corrected, shares.low, shares.high):
        np.testing.assert_allclose(part, share_of(phi), atol=1e-15)
    assert shares.half_width == 0


def test_without_standard_errors_only_the_plain_share_is_known():
    phi = few_strong_and_many_weak()
    shares = shares_of(Explanation(phi[:, None]), GROUPS, 0, seed=0)
    np.testing.assert_allclose(shares.plain, share_of(phi))
    for part in (shares.corrected, shares.low, shares.high):
        assert part.shape == (3,)
        assert np.isnan(part).all()


@pytest.mark.parametrize("se", [None, 0.0, 0.1])
def test_nothing_over_nothing_is_no_share(se):
    phi = np.zeros((40, 1))
    shares = shares_of(Explanation(phi, None if se is None else np.full((40, 1), se)), GROUPS, 0, seed=0)
    for part in (shares.plain, shares.corrected, shares.low, shares.high):
        assert np.isnan(part).all()


def test_of_nothing_but_noise_every_share_is_possible():
    phi = np.random.default_rng(0).normal(size=40)
    shares = shares_of(explained(phi, [10 * np.eye(40)]), GROUPS, 0, seed=0)
    np.testing.assert_array_equal(shares.corrected, shares.plain)
    np.testing.assert_array_equal(shares.low, 0)
    np.testing.assert_array_equal(shares.high, 1)
    assert shares.half_width == 0.5


def test_shares_are_those_of_the_class_and_of_the_seed():
    phi = few_strong_and_many_weak()
    roots = 0.05 * np.random.default_rng(2).normal(size=(30, 40))
    both = Explanation.of_errors(np.stack([phi, phi[::-1]], axis=1), (np.stack([roots, roots], axis=2),), {})
    alone = shares_of(explained(phi, [roots]), GROUPS, 0, seed=7)
    shares_of(both, GROUPS, 1, seed=1)  # draws nothing that the next one lacks
    again = shares_of(both, GROUPS, 0, seed=7)
    other = shares_of(both, GROUPS, 0, seed=8)
    for part in ("plain", "corrected", "low", "high"):
        np.testing.assert_array_equal(getattr(again, part), getattr(alone, part))
    assert (other.low != again.low).any()
    np.testing.assert_allclose(other.low, again.low, atol=0.02)


def test_errors_that_players_share_widen_or_narrow_an_interval():
    # One error that lifts every player alike moves no share; errors of their own do.
    phi = np.abs(few_strong_and_many_weak()) + 0.1
    together = shares_of(explained(phi, [0.1 * phi[None]]), GROUPS, 0, seed=0)
    apart = shares_of(explained(phi, [np.diag(0.1 * phi)]), GROUPS, 0, seed=0)
    assert together.half_width < 1e-9
    assert apart.half_width > 0.01


@pytest.mark.parametrize("scale", [0.001, 0.002])
def test_the_variance_that_a_designs_masks_put_into_a_share_is_that_of_draws(scale):
    rng = np.random.default_rng(3)
    phi = few_strong_and_many_weak()
    phi = np.sign(phi) * np.maximum(np.abs(phi), 0.03)  # well beyond the noise: shares are nearly linear
    roots = [scale * rng.normal(size=(20, 40)), 1.5 * scale * rng.normal(size=(10, 40)), np.zeros((0, 40))]
    variances = share_variances(explained(phi, roots), GROUPS, 0)
    assert variances.shape == (3, 3)
    for part, expected in zip(roots[:2], variances, strict=False):
        drawn = share_of(phi + rng.normal(size=(20_000, len(part))) @ part)
        np.testing.assert_allclose(drawn.var(axis=0), expected, rtol=0.06)
    np.testing.assert_array_equal(variances[2], 0)  # an enumeration brings none


def test_variances_need_the_errors_of_each_design():
    known = Explanation(np.ones((40, 1)), np.full((40, 1), 0.1))
    with pytest.raises(ValueError, match=r"has no errors of each design's masks: use an estimator that gives them"):
        share_variances(known, GROUPS, 0)


@pytest.mark.parametrize(("centre", "sd"), [(0.0, 1.0), (0.3, 1.0), (-1.0, 0.5), (4.0, 1.0), (-2.0, 0.0)])
def test_the_mean_of_a_magnitude_is_the_folded_normals(centre, sd):
    draws = centre + sd * np.random.default_rng(0).normal(size=400_000)
    found = expected_magnitude(np.array([centre]), np.array([sd]))
    np.testing.assert_allclose(found, np.abs(draws).mean(), rtol=0.005)


def test_denoised_magnitudes_are_less_and_of_mere_noise_negative():
    phi, se = np.array([0.0, 0.1, 5.0, -2.0]), np.array([1.0, 1.0, 1.0, 0.0])
    found = denoised_magnitude(phi, se)
    assert found[0] == pytest.approx(-np.sqrt(2 / np.pi))
    assert found[1] < 0
    np.testing.assert_allclose(found[2:], [5, 2], atol=1e-5)
