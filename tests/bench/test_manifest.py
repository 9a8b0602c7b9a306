import pytest

from bench.manifest import measure


@pytest.mark.parametrize("small", [True, False])
def test_every_step_of_a_start_is_timed_and_its_figures_are_right(tmp_path, small):
    report = measure(segments=1600, done=0.5, small=small, folder=tmp_path)  # raises where a figure is wrong
    rows = report.section("start").rows
    assert [row.step for row in rows][2:] == ["survey", "units of what is pending", "summary"]
    assert all(row.wall_s > 0 for row in rows)
    assert "100 units of the others" in report.section("start").notes[0]
    assert (tmp_path / "out" / ".ledger").is_dir() == small
