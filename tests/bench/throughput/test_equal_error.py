import json
from dataclasses import asdict
from types import SimpleNamespace

import click
import pytest

from bench.accuracy.rows import GAMES, RATIOS, GameRow, RatioRow
from bench.accuracy.summary import GROUPS
from bench.throughput import equal_error
from bench.throughput.equal_error import KERNEL, METHODS, PERMUTATION, PassRatio, measured_ratios, read_ratios

RATIOS_OF = {"a": (30.0, 20.0), "b": (90.0, 10.0), "c": (40.0, 60.0), "collapsed": (9.0, 4.0)}
SHARES = dict.fromkeys(("collapsed", "text collapsed"), (0.05, 0.92, 0.03))


def game(name):
    return GameRow(name, "10 + 4 + 10", *SHARES.get(name, (0.2, 0.5, 0.3)), 0.1, 0.9, 0.2, "64 x 16* x 64")


def ratio(name, method, passes):
    return RatioRow(name, method, 0.1, passes * 48, passes * 144, passes, *[1.0] * 4, "", *[1.0] * 3)


@pytest.fixture
def written(tmp_path):
    """Makes a file as `bench.accuracy` writes it, of some methods."""

    def write(methods):
        rows = [ratio(g, m, r) for g, both in RATIOS_OF.items() for m, r in zip(METHODS, both, strict=True)]
        tables = {GAMES: map(game, RATIOS_OF), RATIOS: [row for row in rows if row.method in methods]}
        path = tmp_path / "accuracy.json"
        path.write_text(
            json.dumps({"tables": {name: [asdict(row) for row in table] for name, table in tables.items()}})
        )
        return path

    return write


def test_each_method_has_the_median_and_the_least_of_each_group_of_games(written):
    shared, collapsed = GROUPS
    assert read_ratios(written({*METHODS, "another"})) == [
        PassRatio(PERMUTATION, shared, smallest=30.0, median=40.0),
        PassRatio(PERMUTATION, collapsed, smallest=9.0, median=9.0),
        PassRatio(KERNEL, shared, smallest=10.0, median=20.0),
        PassRatio(KERNEL, collapsed, smallest=4.0, median=4.0),
    ]


def test_a_file_without_one_of_the_methods_is_refused(written):
    with pytest.raises(click.ClickException, match="with both libraries"):
        read_ratios(written({KERNEL}))


@pytest.mark.parametrize("text", ["", "[]", '{"tables": {}}', '{"tables": {"games": [{"game": "a"}]}}'])
def test_another_file_is_refused_and_says_how_to_write_one(text, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(click.ClickException, match="write it by: python -m"):
        read_ratios(path)


def test_without_a_file_the_default_estimator_is_compared_on_a_game_of_each_group(monkeypatch):
    monkeypatch.setattr(equal_error, "synthetic_game", lambda name: name)
    monkeypatch.setattr(
        equal_error, "compare", lambda named, settings: SimpleNamespace(row=game(named.name), to=settings)
    )
    monkeypatch.setattr(
        equal_error,
        "ratio_rows",
        lambda one: [ratio(one.row.game, method, 2.0 + len(one.to.estimators)) for method in one.to.libraries],
    )
    found = measured_ratios()
    assert found == [PassRatio(method, group, 3.0, 3.0) for method in METHODS for group in GROUPS]
