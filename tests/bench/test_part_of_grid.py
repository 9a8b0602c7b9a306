import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from bench import part_of_grid
from bench.accuracy.synthetic import synthetic_game
from bench.part_of_grid import BY_GAME, SUMMARY, Setting, estimate_once, measure

PLAYERS = (6, 3, 6)
SETTINGS = (Setting((32, 8, 32)), Setting((32, 8, 32), 4096))


def test_a_setting_costs_its_passes_and_its_points():
    whole, part = Setting((64, 32, 64)), Setting((64, 32, 64), 20_000)
    assert part.grid().points <= 20_000 < whole.grid().points == 64 * 32 * 64
    passes = 64 * 0.090 + 32 * 0.230 + 64 * 0.010
    assert whole.seconds == pytest.approx(passes + 64 * 32 * 64 * 45e-6)
    assert part.seconds == pytest.approx(passes + part.grid().points * 45e-6)


def test_a_part_is_estimated_from_its_points_alone():
    game = synthetic_game("interacting", players=PLAYERS)
    found = estimate_once(game, SETTINGS[1], seed=0)
    assert np.linalg.norm(found.phi[:, 0] - game.phi) < 0.3 * np.linalg.norm(game.phi)


def test_figures_are_summed_up_over_games():
    report = measure(("interacting", "conjunctions"), settings=SETTINGS, players=PLAYERS, seeds=3)
    rows, summary = report.section(BY_GAME).rows, report.section(SUMMARY).rows
    assert [row.points for row in summary] == [setting.grid().points for setting in SETTINGS]
    assert [row.part for row in summary] == [1, SETTINGS[1].grid().points / (32 * 8 * 32)]
    for found in summary:
        mine = [row for row in rows if row.points == found.points]
        assert len(mine) == 2
        assert found.error == pytest.approx(math.prod(row.error for row in mine) ** 0.5)
        assert found.covered == pytest.approx(np.mean([row.covered for row in mine]))


def test_the_command_writes_every_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(part_of_grid, "SETTINGS", SETTINGS)
    monkeypatch.setattr(measure, "__kwdefaults__", measure.__kwdefaults__ | {"settings": SETTINGS})
    arguments = ["--games", "independent", "--players", "6", "3", "6", "--seeds", "2"]
    result = CliRunner().invoke(part_of_grid.main, [*arguments, "--json", str(tmp_path / "found.json")])
    assert result.exit_code == 0, result.output
    assert len(json.loads((tmp_path / "found.json").read_text())["tables"][BY_GAME]) == len(SETTINGS)
