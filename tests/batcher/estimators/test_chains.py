import itertools
import math

import numpy as np
import pytest

from batcher.designs import draw_chains, draw_design
from batcher.estimators import estimate


def chain(order):
    """The masks of a permutation, of sizes 1 to n - 1."""
    place = np.argsort(order)
    return place < np.arange(1, len(order))[:, None]


def design_of(orders):
    n = len(orders[0])
    return np.concatenate([np.repeat([[False], [True]], n, axis=1), *(chain(order) for order in orders)])


def interleavings(lengths):
    """All orders in which three queues of these lengths can be served, as tuples of the queue's number."""
    return set(itertools.permutations([m for m, n in enumerate(lengths) for _ in range(n)]))


def by_interleaving(worth, orders):
    """Mean of the marginal contributions over every interleaving of one permutation of each modality."""
    lengths = [len(order) for order in orders]
    first = np.cumsum([0, *lengths[:2]])
    phi = np.zeros((sum(lengths), worth.shape[1]))
    every = interleavings(lengths)
    for served in every:
        queues, code = [iter(order) for order in orders], 0
        for m in served:
            player = int(first[m] + next(queues[m]))
            phi[player] += worth[code | 1 << player] - worth[code]
            code |= 1 << player
    return phi / len(every)


def on_grid(worth, designs):
    first = np.cumsum([0, *(design.shape[1] for design in designs[:2])])
    codes = [(design @ (1 << np.arange(design.shape[1]))) << int(s) for design, s in zip(designs, first, strict=True)]
    return worth[codes[0][:, None, None] + codes[1][:, None] + codes[2]]


@pytest.mark.parametrize("lengths", [(2, 2, 2), (3, 1, 3), (3, 2, 2), (0, 3, 3), (4, 0, 0)])
def test_one_chain_of_each_modality_is_averaged_over_every_interleaving(lengths):
    rng = np.random.default_rng(0)
    worth = rng.normal(size=(1 << sum(lengths), 2))
    orders = [rng.permutation(n) for n in lengths]
    designs = tuple(design_of([order]) if len(order) > 1 else draw_design(len(order), 2, 0) for order in orders)
    phi = estimate(on_grid(worth, designs), designs, estimator="chains").phi
    np.testing.assert_allclose(phi, by_interleaving(worth, orders), atol=1e-12)


def test_several_chains_are_averaged_in_every_combination():
    rng = np.random.default_rng(1)
    worth = rng.normal(size=(1 << 7, 2))
    orders = [[rng.permutation(n) for _ in range(R)] for n, R in ((3, 3), (2, 1), (2, 4))]
    designs = tuple(design_of(some) for some in orders)
    explanation = estimate(on_grid(worth, designs), designs, estimator="chains")
    expected = np.mean([by_interleaving(worth, some) for some in itertools.product(*orders)], axis=0)
    np.testing.assert_allclose(explanation.phi, expected, atol=1e-12)
    assert explanation.diagnostics == {"chains_text": 3, "chains_audio": 1, "chains_video": 4}


def test_the_mean_over_every_chain_is_exact():
    # No bias: one chain, drawn evenly among all, is right in the mean.
    rng = np.random.default_rng(2)
    worth = rng.normal(size=(1 << 7, 2))
    every = tuple(draw_design(n, 1 << n, 0) for n in (3, 2, 2))
    estimates = [
        estimate(on_grid(worth, designs), designs, estimator="chains").phi
        for orders in itertools.product(*(itertools.permutations(range(n)) for n in (3, 2, 2)))
        for designs in [tuple(design_of([order]) for order in orders)]
    ]
    assert len(estimates) == math.factorial(3) * 2 * 2
    exact = estimate(on_grid(worth, every), every, estimator="exact").phi
    np.testing.assert_allclose(np.mean(estimates, axis=0), exact, atol=1e-12)
    assert np.std(estimates, axis=0).min() > 0.01


def test_games_of_order_two_are_right_in_the_mean_over_seeds(unanimity_game, sampled_designs):
    game = unanimity_game(16, terms=40, largest=2)
    errors = []
    for seed in range(150):
        designs = sampled_designs("chains", (6, 3, 7), 32, seed)
        errors.append(estimate(game.on_grid(designs), designs, estimator="chains").phi - game.phi)
    deviation = np.std(errors, axis=0, ddof=1) / np.sqrt(len(errors))
    # 32 values: the largest of so many normal draws is beyond 4.5 in one case of 5000.
    assert np.all(np.abs(np.mean(errors, axis=0)) < 4.5 * deviation + 1e-12)


def test_of_a_single_chain_there_are_no_standard_errors(unanimity_game):
    game = unanimity_game(11, terms=20, largest=4)
    several, single = draw_chains(5, 22, seed=0), draw_chains(5, 7, seed=0)
    few = draw_design(1, 2, seed=0)
    for designs, known in (((several, few, several), True), ((several, few, single), False)):
        explanation = estimate(game.on_grid(designs), designs, estimator="chains")
        assert (explanation.se is not None) is known


PAIRS = draw_design(6, 14, seed=0)
CHAINS = draw_chains(6, 17, seed=0)


@pytest.mark.parametrize(
    "design",
    [
        PAIRS,
        CHAINS[:-1],  # part of a chain
        CHAINS[[0, 1, 3, 2, *range(4, 17)]],  # not by size
        CHAINS[[0, 1, 2, 8, *range(4, 17)]],  # a mask of another chain
        np.repeat([[False], [True]], 3, axis=1),  # none and all alone
    ],
)
def test_masks_that_are_no_chains_are_refused(design):
    few = draw_design(1, 2, seed=0)
    with pytest.raises(ValueError, match=r"the audio design, .* isn't made of chains.*draw_chains"):
        estimate(np.zeros((2, len(design), 2, 1)), (few, design, few), estimator="chains")
