import numpy as np
import pytest

from bench.demo import MANIFEST, MODEL
from bench.exact_truth import relative_error
from bench.versus_shap import CLIPS, RATIOS, measure, permutations_for, run_shap, single_permutation_variance

REPEATS = 100


@pytest.fixture(scope="module")
def report():
    return measure(
        MODEL, MANIFEST, masks=(32, 64), seeds=2, repeats=REPEATS, cap_evaluations=70, cuts=("sentence",), limit=1
    )


def test_each_number_of_masks_has_a_row_of_the_grid_and_one_of_each_way_to_run_shap(report):
    methods = ["grid", "shap, whole model", "shap, batched"]
    assert [(row.K, row.method) for row in report.section(CLIPS).rows] == [(K, m) for K in (32, 64) for m in methods]
    assert len(report.section(RATIOS).rows) == 4


def test_shap_is_given_evaluations_until_its_error_is_no_more_than_the_grids(report):
    rows = report.section(CLIPS).rows
    grid = {row.K: row.error for row in rows if row.method == "grid"}
    for row in rows:
        if row.method != "grid":
            assert row.error <= grid[row.K]
            assert row.evaluations % 33 == 0


def test_times_beyond_the_cap_say_that_they_are_extrapolated(report):
    for row in report.section(CLIPS).rows:
        if row.method != "grid":
            assert row.run <= 70
            assert row.extrapolated == (row.run < row.evaluations)


def test_both_ways_to_run_shap_find_the_same_values(report):
    whole, batched = (row for row in report.section(CLIPS).rows if row.K == 32 and row.method != "grid")
    assert whole.run_error == pytest.approx(batched.run_error, rel=1e-2)


def test_shap_asks_for_every_coalition_that_is_charged(game):
    assert run_shap(game.look_up, game, permutations=3).evaluations == 3 * (2 * game.p + 1)


def test_the_mean_squared_error_of_permutations_falls_as_one_over_their_number(game):
    variance = single_permutation_variance(game, REPEATS)
    rng = np.random.default_rng(0)
    exact = game.phi

    def walk(order):
        path = np.tri(game.p + 1, game.p, -1)[:, np.argsort(order)]
        there = np.diff(game.look_up(path))[np.argsort(order)]
        back = -np.diff(game.look_up(1 - path))[np.argsort(order)]
        return (there + back) / 2

    one = [walk(rng.permutation(game.p)) for _ in range(800)]
    four = np.reshape(one, (200, 4, game.p)).mean(axis=1)
    assert np.mean([relative_error(phi, exact) ** 2 for phi in one]) == pytest.approx(variance, rel=0.3)
    assert np.mean([relative_error(phi, exact) ** 2 for phi in four]) == pytest.approx(variance / 4, rel=0.3)


def test_permutations_for_an_error_are_whole_and_at_least_one():
    assert permutations_for(0.1, 0.0401) == 5
    assert permutations_for(1.0, 0.25) == 1
