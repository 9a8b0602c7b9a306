import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from batcher.designs import draw_design
from batcher.estimators import estimate, flatten_grid

unhurried = settings(deadline=None)  # a busy machine is no failure


@st.composite
def any_designs(draw):
    """Three designs that hold none and all and otherwise anything: repeats, few masks, absent modalities."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    designs = []
    for _ in range(3):
        n = draw(st.integers(0, 6))
        drawn = rng.random((draw(st.integers(0, 12)) if n else 0, n)) < 0.5
        ends = np.array([[False] * n, [True] * n], dtype=bool)[: 2 if n else 1]
        designs.append(rng.permutation(np.concatenate([ends, drawn])))
    return tuple(designs)


def drawn_designs(sizes, K, seed):
    return tuple(draw_design(n, K, 3 * seed + m) for m, n in enumerate(sizes))


def ends(values, designs):
    none = tuple(int(np.argmin(design.sum(axis=1))) for design in designs)
    full = tuple(int(np.argmax(design.sum(axis=1))) for design in designs)
    return values[none], values[full]


def dense_solution(values, designs):
    """The same problem, coalition by coalition, with the weights of the definition."""
    v_none, v_all = ends(values, designs)
    v, z = flatten_grid(values, designs)
    sizes = [design.shape[1] for design in designs]
    p = sum(sizes)
    weights = []
    for mask in z:
        parts = np.split(mask, np.cumsum(sizes)[:-1])
        s = int(mask.sum())
        if s in (0, p):
            weights.append(0.0)
            continue
        stratum = math.prod(math.comb(n, int(part.sum())) for n, part in zip(sizes, parts, strict=True))
        points = math.prod(
            int((design.sum(axis=1) == part.sum()).sum()) for design, part in zip(designs, parts, strict=True)
        )
        weights.append(stratum * (p - 1) / (math.comb(p, s) * s * (p - s)) / points)
    root = np.sqrt(weights)[:, None]
    even = np.full((p, 1), 1 / p) * (v_all - v_none)
    basis = np.linalg.svd(np.ones((1, p)))[2][1:].T
    u = np.linalg.lstsq(root * (z @ basis), root * (v - v_none - z @ even), rcond=1e-9)[0]
    return even + basis @ u


@unhurried
@given(any_designs(), st.integers(0, 2**32 - 1))
def test_equals_the_dense_problem_on_the_listed_grid(designs, seed):
    assume(any(design.shape[1] for design in designs))
    values = np.random.default_rng(seed).normal(size=(*map(len, designs), 2))
    np.testing.assert_allclose(
        estimate(values, designs, estimator="grid-kernelshap").phi, dense_solution(values, designs), atol=1e-6
    )


@unhurried
@given(any_designs(), st.integers(0, 2**32 - 1), st.floats(-100, 100))
def test_efficiency_always_holds(designs, seed, base):
    values = base + np.random.default_rng(seed).normal(size=(*map(len, designs), 2))
    explanation = estimate(values, designs, estimator="grid-kernelshap")
    if len(explanation.phi):
        v_none, v_all = ends(values, designs)
        np.testing.assert_allclose(explanation.phi.sum(axis=0), v_all - v_none, atol=1e-12)
    assert np.isfinite(list(explanation.diagnostics.values())).all()


@unhurried
@given(any_designs(), st.integers(0, 2**32 - 1))
def test_additive_games_are_exact_wherever_masks_span(designs, seed):
    _, coalitions = flatten_grid(np.zeros((*map(len, designs), 1)), designs)
    p = coalitions.shape[1]
    assume(p > 0)
    assume(np.linalg.matrix_rank(coalitions) == p)
    phi = np.random.default_rng(seed).normal(size=(p, 2))
    values = (coalitions @ phi + 5).reshape(*map(len, designs), 2)
    explanation = estimate(values, designs, estimator="grid-kernelshap")
    np.testing.assert_allclose(explanation.phi, phi, atol=1e-9)
    assert explanation.diagnostics["rank_deficiency"] == 0
    assert explanation.diagnostics["residual_share"] == pytest.approx(0, abs=1e-9)


def test_players_that_masks_never_part_share_evenly():
    # Text players 0 and 1 always come together: the solution of least norm gives both the same.
    half = draw_design(4, 12, seed=0)
    text = half[:, [0, 0, 1, 2, 3]]
    designs = (text, draw_design(2, 4, seed=0), draw_design(3, 8, seed=0))
    phi = np.arange(10.0)[:, None]
    _, coalitions = flatten_grid(np.zeros((*map(len, designs), 1)), designs)
    explanation = estimate((coalitions @ phi).reshape(*map(len, designs), 1), designs, estimator="grid-kernelshap")
    np.testing.assert_allclose(explanation.phi[:, 0], [0.5, 0.5, *range(2, 10)], atol=1e-9)
    assert explanation.diagnostics["rank_deficiency"] == 1


def test_residual_share_tells_interactions_from_additive_games(unanimity_game):
    designs = drawn_designs((6, 4, 6), 32, seed=0)
    shares = []
    for largest in (1, 2, 6):
        values = unanimity_game(16, terms=40, largest=largest).on_grid(designs)
        shares.append(estimate(values, designs, estimator="grid-kernelshap").diagnostics["residual_share"])
    assert shares[0] == pytest.approx(0, abs=1e-9)
    assert 0.01 < shares[1] < shares[2] <= 1


def test_a_constant_game_has_no_values_and_no_residual():
    designs = drawn_designs((5, 3, 5), 16, seed=0)
    explanation = estimate(np.full((*map(len, designs), 2), 0.3), designs, estimator="grid-kernelshap")
    assert not explanation.phi.any()
    assert explanation.diagnostics["residual_share"] == 0


def test_error_falls_with_more_masks(unanimity_game):
    sizes = (10, 4, 10)
    game = unanimity_game(24, terms=60, largest=6)

    def mean_error(K):
        errors = []
        for seed in range(6):
            designs = drawn_designs(sizes, K, seed)
            errors.append(
                np.linalg.norm(estimate(game.on_grid(designs), designs, estimator="grid-kernelshap").phi - game.phi)
            )
        return np.mean(errors) / np.linalg.norm(game.phi)

    errors = [mean_error(K) for K in (24, 48, 96)]
    assert errors[1] < 0.7 * errors[0]
    assert errors[2] < 0.7 * errors[1]


def test_four_hundred_players_stay_finite(unanimity_game):
    sizes = (180, 40, 180)
    game = unanimity_game(400, terms=200, largest=1)
    designs = tuple(draw_design(n, K, seed=0) for n, K in zip(sizes, (60, 84, 60), strict=True))
    explanation = estimate(game.on_grid(designs), designs, estimator="grid-kernelshap")
    assert np.isfinite(explanation.phi).all()
    assert np.isfinite(list(explanation.diagnostics.values())).all()
    np.testing.assert_allclose(explanation.phi.sum(axis=0), game.phi.sum(axis=0), atol=1e-9)


@pytest.mark.parametrize(("m", "name"), [(0, "text"), (1, "audio"), (2, "video")])
@pytest.mark.parametrize(("left_out", "kept"), [(0, 0), (-1, 3)])
def test_none_and_all_are_needed_in_each_design(every_coalition, m, name, left_out, kept):
    designs = [every_coalition(3) for _ in range(3)]
    designs[m] = np.delete(designs[m], left_out, axis=0)
    with pytest.raises(ValueError, match=f"the {name} design, .* has no mask that keeps {kept} players: add"):
        estimate(np.zeros((*map(len, designs), 1)), tuple(designs), estimator="grid-kernelshap")
