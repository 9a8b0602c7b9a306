import numpy as np
import pytest
from scipy.stats import t as student

from batcher.plan.sample import Stratum, draw_strata
from batcher.plan.total import total_of

CLIPS, DRAWS = 2600, 500


def collection():
    """Sizes as skewed as a collection's, of which two make the prediction."""
    rng = np.random.default_rng(5)
    seconds = np.clip(rng.lognormal(0.9, 0.8, CLIPS), 0.1, 9.375)
    words = np.maximum(1, np.round(4 * seconds * rng.lognormal(0, 0.4, CLIPS)))
    return seconds, words, 3 * seconds + words


def total_from(predicted, y, seed=0, clips=40):
    strata = draw_strata(predicted, clips, seed)
    return total_of(strata, predicted, {int(i): float(y[i]) for stratum in strata for i in stratum.drawn})


def cost(name):
    """Of each clip: what a total must be found of, however wrong the prediction."""
    seconds, _, predicted = collection()
    noise = np.random.default_rng(6).lognormal(0, 0.3, CLIPS)
    return {
        "as predicted, with noise": predicted * noise,
        "a fixed cost besides": predicted + 0.5 * predicted.mean(),
        "sound alone": seconds,
        "growing faster": seconds**1.4 * noise,
    }[name]


@pytest.mark.parametrize("name", ["as predicted, with noise", "a fixed cost besides", "sound alone", "growing faster"])
def test_the_interval_holds_the_total_about_as_often_as_it_says(name):
    y, predicted = cost(name), collection()[2]
    found = [total_from(predicted, y, seed) for seed in range(DRAWS)]
    held = np.mean([one.low <= y.sum() <= one.high for one in found])
    assert 0.92 <= held <= 0.98
    assert np.mean([one.seconds for one in found]) == pytest.approx(y.sum(), rel=0.01)


def test_a_right_prediction_leaves_nothing_open():
    predicted = collection()[2]
    found = total_from(predicted, 0.2 * predicted)
    assert (found.low, found.seconds, found.high) == pytest.approx([0.2 * predicted.sum()] * 3)


def test_a_sample_of_everything_is_the_sum():
    predicted = np.array([1.0, 2.0, 4.0, 8.0])
    y = np.array([2.0, 1.0, 9.0, 3.0])
    found = total_from(predicted, y, clips=16)
    assert (found.low, found.seconds, found.high) == pytest.approx((15, 15, 15))


def test_the_estimate_is_cochrans_by_hand():
    # Weights 2 and 1; R = (2 (1 + 3) + 10) / (2 (1 + 2) + 6) = 18 / 12.
    strata = [Stratum(np.arange(4), np.array([0, 2])), Stratum(np.array([4]), np.array([4]))]
    predicted = np.array([1.0, 1.0, 2.0, 3.0, 6.0])
    found = total_of(strata, predicted, {0: 1.0, 2: 3.0, 4: 10.0})
    assert found.seconds == pytest.approx(1.5 * 13)
    # Residuals -0.5 and 0 have variance 1/8: 16 (1 - 1/2) / 2 / 8 = 1/2; Student's t of 1 degree is 12.706.
    assert found.high - found.seconds == pytest.approx(12.7062 * 0.5**0.5, rel=1e-4)
    assert found.low == pytest.approx(found.seconds - 12.7062 * 0.5**0.5, rel=1e-3)


def test_the_degrees_of_freedom_are_satterthwaites():
    # R is 2, and residuals have the variances 1/2 and 2.
    strata = [Stratum(np.arange(4), np.array([0, 1])), Stratum(np.arange(4, 8), np.array([4, 5]))]
    found = total_of(strata, np.ones(8), {0: 1.5, 1: 2.5, 4: 1.0, 5: 3.0})
    v = np.array([16 * 0.25 * 0.5, 16 * 0.25 * 2])
    half = student.ppf(0.975, v.sum() ** 2 / (v**2).sum()) * v.sum() ** 0.5
    assert (found.seconds, found.high) == pytest.approx((16, 16 + half))


def test_totals_of_stages_add_up():
    seconds, words, predicted = collection()
    parts = [total_from(predicted, y) for y in (seconds, words, seconds + words)]
    assert parts[0].seconds + parts[1].seconds == pytest.approx(parts[2].seconds)
