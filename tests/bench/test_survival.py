"""SIGKILL at a moment of a run with workers; `python -m bench.survival` draws many."""

from pathlib import Path

import pytest

from batcher.run import Run, explain_collection
from bench.survival.command import Command
from bench.survival.result import problems, rows_of
from bench.survival.trial import Oracle, attempted

SEGMENTS = 8

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds Ray's processes in /proc")


@pytest.fixture(scope="module")
def oracle(tmp_path_factory, short_rows, write_manifest, model, cheap):
    """A run of one process, and the command that does it again with workers."""
    folder = tmp_path_factory.mktemp("oracle")
    run = Run(write_manifest(folder / "manifest.jsonl", short_rows(SEGMENTS)), model, folder / "out", cheap, workers=0)
    explain_collection(run)
    return Command(run.manifest, model, masks=8, workers=2), Oracle(run.out, rows_of(run.out), 0.0)


@pytest.mark.parametrize(("kind", "after"), [("driver", "UnitDone"), ("actor", "Started")])
def test_a_run_with_workers_survives_the_death_of(oracle, tmp_path, kind, after):
    outcome = attempted(kind, 0.0, *oracle, tmp_path / "out", after=after, patience_s=0.0)
    assert outcome.problems == ()
    if kind == "driver":
        assert outcome.again == 0


def test_a_result_that_lost_rows_or_keeps_leftovers_isnt_right(finished, result_copy):
    expected = rows_of(finished.out)
    assert problems(result_copy, expected) == []
    (result_copy / ".writing-x").mkdir()
    (result_copy / ".writing-x" / "part.tmp").touch()
    assert sorted(problems(result_copy, expected)) == [".writing-x is left", "part.tmp is left"]
    other = {**expected, "contributions": expected["contributions"][1:]}
    assert problems(finished.out, other) == ["rows of contributions/ differ from the uninterrupted run's"]
