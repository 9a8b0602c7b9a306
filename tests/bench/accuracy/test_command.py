import json
from xml.etree import ElementTree as ET

import click
import numpy as np
import pytest
from click.testing import CliRunner

from batcher.designs import draw_design
from batcher.estimators import registry
from batcher.estimators.estimator import GridEstimator
from batcher.estimators.explanation import Explanation
from bench.accuracy.__main__ import chosen_estimators, chosen_games, main, measure
from bench.accuracy.compare import Settings
from bench.accuracy.games import Games
from bench.accuracy.rows import GAMES, LIBRARIES_COMPARED, OWN, POINTS, RATIOS, SUMMARY
from bench.demo import MANIFEST, MODEL

SETTINGS = Settings(
    estimators=("grid-kernelshap",),
    libraries=("shap Permutation", "shapiq KernelSHAP"),
    seeds=2,
    own_seeds=2,
    cap=400,
)
SMALL = Games(synthetic=("interacting", "video collapsed"), players=(7, 2, 7))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return tmp_path_factory.mktemp("plots") / "curves.svg"


@pytest.fixture(scope="module")
def report(drawn):
    return measure(MODEL, MANIFEST, SMALL, SETTINGS, plot=drawn)


def test_every_game_has_its_estimators_and_its_libraries(report):
    assert [row.game for row in report.section(GAMES).rows] == list(SMALL.synthetic)
    assert [(row.game, row.estimator) for row in report.section(OWN).rows] == [
        (game, "grid-kernelshap") for game in SMALL.synthetic
    ]
    pairs = [(row.game, row.method) for row in report.section(RATIOS).rows]
    assert pairs == [(game, library) for game in SMALL.synthetic for library in SETTINGS.libraries]
    assert len(report.section(LIBRARIES_COMPARED).rows) == 2


def test_errors_fall_with_more_masks(report):
    for row in report.section(OWN).rows:
        assert row.error_128 < row.error_64 < row.error_32
        assert row.error_128 < 1e-12
        assert row.passes == 64 + 4 + 64


def test_ratios_are_costs_over_those_of_the_grid_at_64(report):
    own = {row.game: row for row in report.section(OWN).rows}
    for row in report.section(RATIOS).rows:
        ours = own[row.game]
        assert row.error == max(0.01, ours.error_64)
        assert row.passes == pytest.approx(3 * row.evaluations)
        assert row.ratio == pytest.approx(row.passes / ours.passes)
        assert row.ratio_distinct == pytest.approx(row.distinct / ours.passes)
        assert row.ratio_flop == pytest.approx(row.tflop / ours.tflop)
        assert row.ratio_flop_shared == pytest.approx(row.tflop_shared / ours.tflop)
        assert row.ratio_distinct < row.ratio
        assert row.seconds > 0


def test_what_no_budget_reached_is_marked(report):
    points = report.section(POINTS).rows
    for row in report.section(RATIOS).rows:
        reached = min(p.error for p in points if (p.game, p.method) == (row.game, row.method)) <= row.error
        assert (row.bound == "extrapolated") != reached


def test_points_are_written_and_not_printed(report, tmp_path, capsys):
    report.print()
    printed = capsys.readouterr().out
    assert SUMMARY in printed
    assert "distinct_passes" not in printed
    report.write(tmp_path / "figures.json")
    written = json.loads((tmp_path / "figures.json").read_text())["tables"]
    assert len(written[POINTS]) == len(report.section(POINTS).rows)
    assert {point["method"] for point in written[POINTS]} == {"grid-kernelshap", *SETTINGS.libraries}


def test_a_picture_has_a_panel_for_each_game_and_one_legend(drawn):
    ids = [node.get("id", "") for node in ET.parse(drawn).iter()]  # noqa: S314 (our own file)
    assert sum(name.startswith("axes_") for name in ids) == 2
    assert sum(name.startswith("legend") for name in ids) == 1


def test_a_game_that_the_grid_enumerates_is_compared_with_no_library():
    tables = measure(MODEL, MANIFEST, Games(synthetic=("independent",), players=(3, 2, 3)), SETTINGS).sections
    assert [section.name for section in tables] == [GAMES, OWN, POINTS]


def test_clips_have_a_model_and_the_phrase_s_players():
    settings = Settings(SETTINGS.estimators, ("shap Permutation",), seeds=1, own_seeds=1, cap=50)
    report = measure(MODEL, MANIFEST, Games(clips=1), settings)
    assert report.model != "none"
    assert report.section(GAMES).rows[0].players == "10 + 4 + 8"


def test_a_grid_of_one_s_own_is_compared_by_the_command(tmp_path):
    rng = np.random.default_rng(0)
    designs = {m: draw_design(n, 1 << n, seed=0) for m, n in (("text", 7), ("audio", 1), ("video", 2))}
    np.savez(tmp_path / "mine.npz", values=rng.random((128, 2, 4)), **designs)
    options = ["--grid", "mine.npz", "--seeds", "1", "--own-seeds", "1", "--cap", "60", "--json", "figures.json"]
    runner = CliRunner()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        done = runner.invoke(main, [*options, "--estimator", "grid-kernelshap", "--library", "shapiq SVARM"])
    assert done.exit_code == 0, done.output
    tables = json.loads((tmp_path / "figures.json").read_text())["tables"]
    assert [row["game"] for row in tables[GAMES]] == ["mine"]


def test_all_games_are_played_unless_some_are_named_or_a_file_is_given(tmp_path):
    everything = chosen_games((), (), 4)
    assert (len(everything.synthetic), everything.clips) == (7, 4)
    assert chosen_games((), (tmp_path,), 4) == Games(grids=(tmp_path,))
    assert chosen_games(("clips",), (tmp_path,), 4) == Games(grids=(tmp_path,), clips=4)
    assert chosen_games(("conjunctions",), (), 4) == Games(synthetic=("conjunctions",))


def test_estimators_are_those_that_are_there_unless_some_are_named():
    assert "grid-kernelshap" in chosen_estimators(())
    assert set(chosen_estimators(())) <= set(registry.estimator_names())
    assert chosen_estimators(("grid-kernelshap",)) == ("grid-kernelshap",)


@pytest.mark.parametrize(("name", "said"), [("guess", "'guess' is unknown"), ("kernelshap", "takes a list of coal")])
def test_estimators_that_take_no_grid_are_refused(name, said):
    with pytest.raises(click.BadParameter, match=said):
        chosen_estimators((name,))


def test_an_estimator_of_another_package_is_compared_like_any_other(monkeypatch):
    def nothing(values, designs, _seed):
        return Explanation(np.zeros((sum(design.shape[1] for design in designs), values.shape[-1])))

    monkeypatch.setitem(registry.BUILT_IN, "nothing", GridEstimator(run=nothing))
    settings = Settings(chosen_estimators(("grid-kernelshap", "nothing")), (), own_seeds=1)
    rows = measure(MODEL, MANIFEST, Games(synthetic=("independent",), players=(7, 1, 2)), settings).section(OWN).rows
    assert [row.estimator for row in rows] == ["grid-kernelshap", "nothing"]
    assert rows[1].error_64 == pytest.approx(1)


def test_where_one_player_decides_a_hundredth_is_to_be_reached_by_all(tmp_path):
    designs = {m: draw_design(n, 1 << n, seed=0) for m, n in (("text", 7), ("audio", 1), ("video", 2))}
    tiny = np.random.default_rng(0).normal(size=(128, 2, 4)) * 1e-6
    np.savez(tmp_path / "one.npz", values=designs["text"][:, 3, None, None] + tiny, **designs)
    settings = Settings(SETTINGS.estimators, ("shap Permutation",), seeds=2, own_seeds=2, cap=400)
    report = measure(MODEL, MANIFEST, Games(grids=(tmp_path / "one.npz",)), settings)
    (row,) = report.section(RATIOS).rows
    assert (row.error, row.bound, row.evaluations) == (0.01, "fewest", 21)
    assert row.ratio == pytest.approx(63 / (16 + 2 + 4))  # the grid has it with the fewest masks of the bench
