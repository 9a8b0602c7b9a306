"""One moment: a run is hurt, goes on or is started again, and its result is looked at."""

import os
import shutil
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batcher.store.files import RUN
from bench.survival.command import END_S, Begun, Command
from bench.survival.processes import PATIENCE_S, of_session, outliving
from bench.survival.result import Rows, committed, explained_anew, problems, tried_again
from mmexplain.exit import Exit

VICTIMS: Final[Mapping[str, str]] = {"actor": "ray::Actor", "decoder": "ray::decoded"}
"""How titles of processes begin whose death a run survives, by kind."""
ENDS: Final[Mapping[str, signal.Signals]] = {
    "driver": signal.SIGKILL,
    "SIGINT": signal.SIGINT,
    "SIGTERM": signal.SIGTERM,
}
"""What ends a run, which is then started again. SIGINT and SIGTERM go to all of the process group, as a terminal's."""
CODES: Final = {"driver": -signal.SIGKILL, "SIGINT": Exit.INTERRUPTED, "SIGTERM": Exit.INTERRUPTED}
KINDS: Final = (*ENDS, *VICTIMS)


@dataclass(frozen=True)
class Oracle:
    """An uninterrupted run."""

    out: Path
    rows: Rows
    working_s: float
    """From the event Started to Finished: Ray's start is part of it."""


@dataclass(frozen=True)
class Outcome:
    """What came of a moment."""

    problems: tuple[str, ...]
    again: int
    """Segments that were explained again: committed ones where the run ended, else those that a process died on."""
    gone_s: float
    """From the end of the command until nobody of its session was left."""
    last: tuple[str, ...]
    """Who was there until then."""


def attempted(
    kind: str,
    moment: float,
    command: Command,
    oracle: Oracle,
    out: Path,
    *,
    after: str = "Started",
    patience_s: float = PATIENCE_S,
) -> Outcome | None:
    """Hurt a run.

    Args:
        kind: of `KINDS`.
        moment: of 0 to 1, as a part of the uninterrupted run's working phase. What has to be alive for it is awaited.
        command: the run.
        oracle: what it should come to.
        out: its result folder, which doesn't exist.
        after: the event from which the moment counts.
        patience_s: with what outlives the command.

    Returns:
        None: it was over before the moment came.
    """
    out.mkdir()
    # The last digits of rows depend on the slices, which a start finds here instead of measuring them.
    shutil.copy(oracle.out / RUN, out)
    with command.begun(out) as run:
        time.sleep(max(0.0, run.wait_for(after) + moment * oracle.working_s - time.monotonic()))
        if kind in ENDS:
            return _ended(kind, run, command, oracle, out, patience_s)
        return _survived(kind, run, oracle, out, patience_s)


def _ended(kind: str, run: Begun, command: Command, oracle: Oracle, out: Path, patience_s: float) -> Outcome | None:
    if any(event["event"] == "Finished" for event in run.events()) or run.ended:
        return None
    before = committed(out)
    send = os.kill if kind == "driver" else os.killpg
    send(run.process.pid, ENDS[kind])
    code = run.process.wait(END_S)
    wrong = [] if code == CODES[kind] else [f"exit code {code} of {kind}: {run.errors()}"]
    with ThreadPoolExecutor(1) as pool:
        # At once, while workers of the dead run may still write.
        waiting = pool.submit(outliving, run.session, patience_s)
        with command.begun(out) as resumed:
            wrong += _finished(resumed)
        gone_s, last = waiting.result()
    return Outcome((*wrong, *problems(out, oracle.rows)), explained_anew(before), gone_s, last)


def _survived(kind: str, run: Begun, oracle: Oracle, out: Path, patience_s: float) -> Outcome | None:
    while not (victims := [one for one in of_session(run.session) if one.title.startswith(VICTIMS[kind])]):
        if run.ended:
            return None
        time.sleep(0.01)
    try:
        os.kill(victims[0].pid, signal.SIGKILL)
    except ProcessLookupError:
        return None
    wrong = _finished(run)
    gone_s, last = outliving(run.session, patience_s)
    return Outcome((*wrong, *problems(out, oracle.rows)), tried_again(out), gone_s, last)


def _finished(run: Begun) -> list[str]:
    code = run.process.wait(END_S)
    return [f"exit code {code}: {run.errors()}"] if code else []
