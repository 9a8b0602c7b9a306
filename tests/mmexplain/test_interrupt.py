"""Signals to the command: the first ends it in order, the second at once."""

import os
import signal
import subprocess
import sys
import time

import pytest

from batcher.store.result import load_result
from batcher.store.validate import validate
from mmexplain.interrupt import interruptible

MAIN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start what is in their background without
from batcher.grid.calls import Slices
from batcher.run import measured
from mmexplain.cli import main
measured.measure_slices = lambda *_: Slices()
sys.exit(main())
"""
PATIENCE_S = 60


@pytest.fixture
def heard():
    """Signals as a terminal's program has them; a shell's `&` has them ignored."""
    before = {each: signal.signal(each, signal.default_int_handler) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_an_interruption_and_handlers_come_back(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_finds_a_finaliser_at_work_is_not_lost(number):
    def left():
        try:
            yield
        finally:
            signal.raise_signal(number)

    waiting = left()
    next(waiting)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), interruptible():  # noqa: PT012  # which of the two it leaves is the question
        del waiting
        time.sleep(PATIENCE_S)
    assert time.monotonic() - begun < PATIENCE_S / 2


@pytest.mark.usefixtures("heard")
def test_other_errors_of_finalisers_are_told_as_ever(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)

    def left():
        try:
            yield
        finally:
            raise RuntimeError("x")

    with interruptible():
        waiting = left()
        next(waiting)
        del waiting
    assert [one.exc_type for one in told] == [RuntimeError]


def test_the_second_signal_ends_the_process_at_once():
    code = """
import signal, time
from mmexplain.interrupt import interruptible
signal.signal(signal.SIGINT, signal.default_int_handler)
with interruptible():
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.raise_signal(signal.SIGTERM)
        time.sleep(600)
"""
    ended = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert ended.returncode == 130
    assert ended.stderr == "Interrupted. The same command goes on where it stopped.\n"


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_goes_on_where_it_stopped(number, short_rows, write_manifest, model, tmp_path):
    out = tmp_path / "out"
    manifest = write_manifest(tmp_path / "manifest.jsonl", short_rows(12))
    command = [sys.executable, "-c", MAIN, "explain", str(manifest), "--model", str(model), "--out", str(out)]
    command += ["--max-masks", "8", "--workers", "0"]
    process = subprocess.Popen(  # noqa: S603  # our own command
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    end = time.monotonic() + PATIENCE_S
    while not list(out.glob("segments/part-*")):
        assert time.monotonic() < end
        time.sleep(0.005)
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert errors.endswith("goes on where it stopped.\n")
    assert {path.name for path in out.iterdir() if path.name.startswith(".")} == {".lock"}
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)  # noqa: S603  # as above
    assert validate(load_result(out)) == []
    assert load_result(out).table("segments").num_rows == 12
