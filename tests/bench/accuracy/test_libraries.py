import numpy as np
import pytest
import torch

from bench.accuracy.libraries import LIBRARIES
from bench.accuracy.measured import Recorder
from bench.accuracy.synthetic import synthetic_game
from bench.exact_truth import relative_error

# With all 64 coalitions a regression has nothing left to draw; the others go on drawing.
REGRESSIONS = ("shap Kernel", "shapiq KernelSHAP", "shapiq kADDSHAP")


@pytest.fixture(scope="module")
def tiny():
    return synthetic_game("interacting", players=(2, 2, 2))


@pytest.fixture(scope="module")
def small():
    return synthetic_game("interacting", players=(4, 3, 4))


@pytest.mark.parametrize("name", LIBRARIES)
def test_values_converge_to_the_exact_ones(name, tiny):
    few, many = (
        np.sqrt(np.mean([relative_error(_phi(name, tiny, budget, seed), tiny.phi) ** 2 for seed in range(3)]))
        for budget in (20, 2000)
    )
    assert many < few
    assert many < 0.08


@pytest.mark.parametrize("name", REGRESSIONS)
def test_a_regression_on_all_coalitions_is_exact(name, tiny):
    np.testing.assert_allclose(_phi(name, tiny, 64, 0), tiny.phi, atol=1e-6)


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("budget", [60, 200])
def test_evaluations_are_what_the_budget_says(name, budget, small):
    recorder = Recorder(small)
    LIBRARIES[name].run(recorder, small.p, budget, 0)
    # What is left is less than another permutation, forth and back.
    assert budget - (2 * small.p + 1) < recorder.evaluations <= budget


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_fewest_evaluations_give_values(name, small):
    fewest = LIBRARIES[name].fewest(small.p)
    recorder = Recorder(small)
    phi = LIBRARIES[name].run(recorder, small.p, fewest, 0)
    assert phi.shape == (small.p,)
    assert np.isfinite(phi).all()
    assert recorder.evaluations <= fewest


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_seed_gives_the_same_values_again_and_another_seed_others(name, small):
    first, again, other = (_phi(name, small, 100, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", LIBRARIES)
def test_generators_of_the_process_are_left_as_they_were(name, small):
    numpys, torchs = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    _phi(name, small, 60, 3)
    np.testing.assert_array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torchs)


def _phi(name, game, budget, seed):
    return LIBRARIES[name].run(game.look_up, game.p, budget, seed)
