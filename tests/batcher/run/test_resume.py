"""SIGKILL in the middle of a run, and the same command again; with workers: tests/bench/test_survival.py."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from batcher.options import Options
from batcher.run import Run, explain_collection
from batcher.store.result import load_result
from batcher.store.validate import validate

SLOW = Options(masks=36, max_masks=36)
"""Half a second of work for a segment: long enough to die in."""
MAIN = """
import sys
from batcher.grid.calls import Slices
from batcher.run import measured
from mmexplain.cli import main
measured.measure_slices = lambda *_: Slices()
sys.exit(main())
"""
"""The command, with the slices of every test: rows of two runs differ by theirs, in the last digits."""
SEGMENTS = 6
PATIENCE_S = 120


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, short_rows, write_manifest, model):
    folder = tmp_path_factory.mktemp("uninterrupted")
    rows = [row | {"end_ms": row["start_ms"] + 200} for row in short_rows(SEGMENTS)]
    run = Run(write_manifest(folder / "manifest.jsonl", rows), model, folder / "out", SLOW, workers=0)
    explain_collection(run)
    return run


def command(run, *more):
    arguments = [str(run.manifest), "--model", str(run.artefact), "--out", str(run.out), "--masks", "36"]
    return [sys.executable, "-c", MAIN, "explain", *arguments, "--max-masks", "36", *more]


def commits(run):
    return list((run.out / "segments").glob("part-*.parquet"))


def wait(condition):
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
    return found


def kill_after_the_first_commit(run, *more):
    process = subprocess.Popen(  # noqa: S603  # our own command
        command(run, *more), start_new_session=True, stderr=subprocess.DEVNULL
    )
    wait(lambda: commits(run) or process.poll() is not None)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run ended before it could be killed"


def run_to_the_end(run, *more):
    subprocess.run(  # noqa: S603  # our own command
        command(run, *more), check=True, stderr=subprocess.DEVNULL
    )


def files(run):
    """Files of the committed units."""
    names = {path.name for path in commits(run)}
    return {path: path.read_bytes() for path in run.out.rglob("part-*") if path.name in names}


def check_resumed(run, before, uninterrupted, rows_of):
    assert files(run).items() >= before.items()  # nothing was explained twice
    assert rows_of(run.out) == rows_of(uninterrupted.out)
    segments = load_result(run.out).table("segments")["segment_id"].to_pylist()
    assert len(segments) == len(set(segments)) == SEGMENTS
    assert validate(load_result(run.out)) == []


def test_a_killed_run_goes_on_where_it_stopped(uninterrupted, tmp_path, rows_of):
    run = replace(uninterrupted, out=tmp_path / "out")
    kill_after_the_first_commit(run, "--workers", "0")
    before = files(run)
    assert 0 < len(commits(run)) < SEGMENTS
    run_to_the_end(run, "--workers", "0")
    check_resumed(run, before, uninterrupted, rows_of)
