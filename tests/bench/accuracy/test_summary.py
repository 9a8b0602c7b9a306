from dataclasses import replace

import pytest

from bench.accuracy.rows import RatioRow
from bench.accuracy.summary import COUNTED, PASSES, geometric_mean, library_rows, summary_rows

ROW = RatioRow("a", "one", 0.1, 100, 300, 10.0, 5.0, 20.0, 2.0, 0.1, "", 150, 9.0, 3.0)
ROWS = [
    ROW,
    replace(ROW, method="two", ratio=40.0, ratio_distinct=3.0, bound="extrapolated"),
    replace(ROW, game="b", ratio=90.0),
    replace(ROW, game="b", method="two", ratio=40.0),
    replace(ROW, game="c", ratio=3.0),
]
SHARES = {"a": 0.5, "b": 0.899, "c": 0.9}


def test_of_each_game_the_best_method_counts():
    rows = {(row.group, row.counted): row for row in summary_rows(ROWS, SHARES)}
    shared = rows["modalities share", PASSES]
    assert (shared.games, shared.smallest, shared.largest, shared.aim) == (2, 10, 40, 20)
    assert shared.ratio == pytest.approx(20)
    collapsed = rows["one holds over 90 %", PASSES]
    assert (collapsed.games, collapsed.ratio, collapsed.aim) == (1, pytest.approx(3), 4)
    distinct = rows["modalities share", "passes, no sub-mask encoded twice"]
    assert (distinct.smallest, distinct.largest, distinct.aim) == (3, 5, None)
    assert len(rows) == 2 * len(COUNTED)


def test_a_group_without_games_has_no_row():
    assert {row.group for row in summary_rows(ROWS[:2], SHARES)} == {"modalities share"}


def test_methods_are_ranked_by_their_ratios_over_all_games():
    one, two = library_rows(ROWS, SHARES)
    assert (one.method, one.shared, one.collapsed) == ("one", pytest.approx(30), pytest.approx(3))
    assert (one.best, one.extrapolated) == (2, 0)
    assert (two.method, two.shared, two.collapsed) == ("two", pytest.approx(40), None)
    assert (two.best, two.extrapolated) == (1, 1)


def test_a_geometric_mean_is_the_root_of_the_product():
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4)
