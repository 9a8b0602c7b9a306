import json

import numpy as np
import pytest
from click.testing import CliRunner

from batcher.shares import Shares
from bench.accuracy.synthetic import synthetic_game
from bench.calibration import __main__ as command
from bench.calibration.estimates import Estimates
from bench.calibration.rows import GAMES, NOISE, SUMMARY, game_row, noise_rows, summary_rows


@pytest.fixture
def small_games(monkeypatch):
    """Games of the same names, with fewer players."""
    monkeypatch.setattr(command, "game_of", lambda name: synthetic_game(name, players=(7, 2, 7)))


def row(name="a", K=64, largest=0.5, plain=(0.5, 0.5), corrected=(0.5, 0.5), error=0.1):
    truth, shares = np.array([1.0, 1.0]), np.array([largest, 1 - largest])
    one = Shares(np.array(plain), np.array(corrected), np.zeros(2), np.ones(2))
    phi = truth + error * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return game_row(name, "grid-interpolation", K, Estimates(truth, shares, phi, np.full((2, 2), 2 * error), [one] * 2))


def test_bias_is_in_points_and_keeps_its_sign():
    found = row(largest=0.5, plain=(0.52, 0.48), corrected=(0.49, 0.51))
    np.testing.assert_allclose(found.bias_plain, [2, -2])
    np.testing.assert_allclose(found.bias_corrected, [-1, 1])
    assert (found.plain, found.corrected) == pytest.approx((2, 1))
    assert (found.plain_error, found.corrected_error) == pytest.approx((2, 1))


def test_standard_errors_are_compared_with_errors():
    found = row(error=0.1)
    assert found.error == pytest.approx(0.1)
    assert found.se == pytest.approx(2)
    assert found.phi == 1.0
    assert found.noise == pytest.approx(0)


def test_games_are_summed_up_by_the_largest_share():
    rows = [row("a", plain=(0.51, 0.49)), row("b", plain=(0.53, 0.47)), row("c", largest=0.95, plain=(0.95, 0.05))]
    shared, collapsed = summary_rows(rows)
    assert (shared.games, collapsed.games) == (2, 1)
    assert (shared.plain, shared.plain_largest) == pytest.approx((2, 3))
    assert collapsed.plain == pytest.approx(0, abs=1e-12)


def test_noise_is_pooled_by_the_errors_that_it_is_of():
    first, second = row("a", error=0.1), row("b", error=0.3)
    object.__setattr__(second, "noise", -1.0)
    (found,) = noise_rows([first, second])
    assert found.pooled == pytest.approx((0 * 0.01 - 1 * 0.09) / (0.01 + 0.09))
    assert (found.least, found.most) == pytest.approx((-1, 0))


@pytest.mark.usefixtures("small_games")
def test_the_command_measures_every_game_with_every_k(tmp_path):
    asked = ["--games", "interacting", "--games", "text collapsed", "--masks", "32", "--masks", "64", "--seeds", "10"]
    out = tmp_path / "figures.json"
    done = CliRunner().invoke(command.main, [*asked, "--estimator", "grid-interpolation", "--json", str(out)])
    assert done.exit_code == 0, done.output
    tables = json.loads(out.read_text())["tables"]
    assert [(r["game"], r["K"]) for r in tables[GAMES]] == [(g, K) for g in asked[1:4:2] for K in (32, 64)]
    assert [(r["K"], r["games"]) for r in tables[NOISE]] == [(32, 2), (64, 2)]
    assert tables[SUMMARY]
    for found in tables[GAMES]:
        assert 0.7 < found["phi"] <= 1
        assert found["shares_lowest"] <= found["shares"] <= 1
        assert 0.5 < found["se"] < 3
    fewer, more = tables[GAMES][:2]
    assert more["error"] < fewer["error"]
    assert more["half_width"] < fewer["half_width"]


@pytest.mark.usefixtures("small_games")
def test_estimators_without_errors_have_bias_and_no_intervals():
    report = command.measure(["interacting"], masks=(8,), estimators=("chains",), seeds=2)
    (found,) = report.section(GAMES).rows
    assert (found.phi, found.se, found.shares, found.corrected, found.bias_corrected) == (None,) * 5
    assert found.plain > 0
    report.print()


@pytest.mark.usefixtures("small_games")
def test_wholes_and_parts_stand_side_by_side():
    report = command.measure(["interacting", "conjunctions"], masks=(64,), parts=(1.0, 0.3), seeds=4)
    rows, summary = report.section(GAMES).rows, report.section(SUMMARY).rows
    assert [(r.game, r.part) for r in rows] == [(g, part) for g in ("interacting", "conjunctions") for part in (1, 0.3)]
    for found in (*summary, *report.section(NOISE).rows):
        assert found.games == 2
    assert [found.plain for found in summary] == pytest.approx(
        [np.mean([r.plain for r in rows if r.part == part]) for part in (1, 0.3)]
    )


def test_a_part_is_refused_where_the_estimator_takes_whole_grids():
    done = CliRunner().invoke(command.main, ["--estimator", "chains", "--part", "0.2"])
    assert done.exit_code == 2
    assert "whole grids" in done.output


def test_an_unknown_estimator_is_refused():
    done = CliRunner().invoke(command.main, ["--estimator", "none such"])
    assert done.exit_code == 2
    assert "unknown" in done.output
