"""The command `mmexplain explain` in a session of its own, and its log."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.survival.processes import end

MAIN: Final = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start what is in their background without
from mmexplain.cli import main
sys.exit(main())
"""
END_S: Final = 300
"""Of a command, at most."""


@dataclass(frozen=True)
class Begun:
    """A command that runs, or has ended."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def session(self) -> int:
        """Of it and of its Ray."""
        return self.process.pid

    @property
    def ended(self) -> bool:
        """Whether its own process has."""
        return self.process.poll() is not None

    def events(self) -> list[dict[str, Any]]:
        """What it reported so far; a line that is half written is left out."""
        lines = self.log.read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def errors(self) -> str:
        """The last line that is no event, if any."""
        return next((line for line in reversed(self.log.read_text().splitlines()) if not line.startswith("{")), "")

    def wait_for(self, event: str) -> float:
        """When an event was seen, on the monotonic clock.

        Raises:
            RuntimeError: the command ended without, or takes too long.
        """
        latest = time.monotonic() + END_S
        while not any(each["event"] == event for each in self.events()):
            if self.ended or time.monotonic() > latest:
                raise RuntimeError(f"no {event} in {self.log}: {self.errors() or 'it takes too long'}")
            time.sleep(0.02)
        return time.monotonic()


@dataclass(frozen=True)
class Command:
    """`mmexplain explain` with few masks."""

    manifest: Path
    model: Path
    masks: int
    workers: int

    @contextmanager
    def begun(self, out: Path) -> Iterator[Begun]:
        """Start it; on the way out nothing of it is left.

        Args:
            out: the result folder; the log stands beside it.
        """
        masks = str(self.masks)
        options = {"--model": self.model, "--out": out, "--masks": masks, "--max-masks": masks, "--log": "json"}
        options |= {"--video-players": "time", "--workers": self.workers}
        arguments = [str(part) for option in options.items() for part in option]
        log = out.with_suffix(".log")
        # Ray's sockets allow no long path.
        with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as ray, log.open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603  # our own command
                [sys.executable, "-c", MAIN, "explain", str(self.manifest), *arguments],
                start_new_session=True,
                stderr=errors,
                env=os.environ | {"RAY_TMPDIR": ray},
            )
            try:
                yield Begun(process, log)
            finally:
                end(process.pid)
                process.wait()
