import itertools

import numpy as np
import pytest

from batcher.designs import sparse_grid
from batcher.estimators import estimate
from bench.accuracy.libraries import LIBRARIES, Library
from bench.accuracy.measured import (
    Recorder,
    budgets,
    draw_designs,
    draw_part,
    library_point,
    library_points,
    own_point,
)
from bench.accuracy.synthetic import synthetic_game
from bench.exact_truth import relative_error


@pytest.fixture(scope="module")
def game():
    return synthetic_game("interacting", players=(5, 2, 5))


def test_a_recorder_gives_the_values_and_counts_what_is_asked(game):
    coalitions = np.zeros((4, game.p))
    coalitions[1, 0] = coalitions[2, 0] = coalitions[3, 11] = 1
    recorder = Recorder(game)
    np.testing.assert_array_equal(recorder(coalitions), game.look_up(coalitions))
    recorder(coalitions[0])
    assert recorder.evaluations == 5
    assert [int(seen.sum()) for seen in recorder.seen] == [2, 1, 2]


def test_a_grid_costs_the_sum_of_its_masks_and_holds_their_product(game):
    cost = own_point("grid-kernelshap", game, 16, seeds=1).cost
    assert (cost.text, cost.audio, cost.video) == (16, 4, 16)
    assert cost.passes == cost.distinct_passes == 36
    assert cost.points == 16 * 4 * 16


def test_an_error_is_the_root_mean_square_over_seeds(game):
    errors = []
    for seed in range(3):
        designs = draw_designs("grid-kernelshap", game.n, 16, seed)
        values = game.grid(designs)[..., None]
        phi = estimate(values, designs, estimator="grid-kernelshap", seed=seed).phi[:, 0]
        errors.append(relative_error(phi, game.phi))
    expected = np.sqrt(np.mean(np.square(errors)))
    assert len(set(errors)) == 3
    assert own_point("grid-kernelshap", game, 16, seeds=3).error == pytest.approx(expected)


def test_a_part_of_a_grid_has_the_masks_of_the_whole(game):
    part = sparse_grid((28, 4, 28), 1200)
    assert not part.whole
    whole, ordered = draw_designs("grid-interpolation", game.n, 28, 3), draw_part(game.n, part, 3)
    for one, other in zip(whole, ordered, strict=True):
        assert sorted(map(tuple, one)) == sorted(map(tuple, other))
    assert not np.array_equal(whole[0], ordered[0])


def test_all_sub_masks_leave_only_rounding(game):
    assert own_point("grid-kernelshap", game, 32, seeds=1).error < 1e-12


def test_a_black_box_pays_three_passes_for_each_evaluation(game):
    point = library_point(LIBRARIES["shap Permutation"], game, 60, range(2))
    assert point.cost.points == 2 * (2 * game.p + 1)
    assert point.cost.passes == 3 * point.cost.points
    # A permutation there and back meets at most n + 1 + n - 1 sub-masks of a modality.
    assert 6 < point.cost.distinct_text <= 2 * 10
    assert point.cost.distinct_audio <= 4


def test_budgets_double_from_the_fewest_to_the_cap():
    assert list(budgets(49, 400)) == [49, 98, 196, 392]
    assert list(budgets(49, 392))[-1] == 392
    assert list(budgets(49, 48)) == []


def test_a_library_runs_until_it_has_the_error_or_meets_the_cap(game):
    halving = itertools.count()

    def run(_look_up, _p, _budget, _seed):
        return game.phi * (1 + 0.5 ** next(halving))

    library = Library(run, lambda _p: 10)
    points = list(library_points(library, game, error=0.2, cap=10_000, seeds=1))
    assert [point.error for point in points] == pytest.approx([1, 0.5, 0.25, 0.125])
    assert len(list(library_points(library, game, error=0, cap=40, seeds=1))) == 3
