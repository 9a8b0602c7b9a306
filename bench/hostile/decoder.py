"""A process that decodes: whatever kills it, or keeps it for ever, is an outcome."""

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, Literal, get_args

from media import MediaError, Preprocessing, decode_clip

Outcome = Literal["whole", "cut", "refused", "unforeseen", "dead", "late"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


class Decoder:
    """A process that decodes one file after the other; a new one follows one that died or was too late."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_decode_all, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.connection.recv()  # it has imported what it needs

    def outcome(self, path: Path) -> Outcome:
        """What becomes of a file."""
        try:
            self.connection.send(path)
            if self.connection.poll(self.limit_s):
                found: Outcome = self.connection.recv()
                return found
            outcome: Outcome = "late"
        except (EOFError, OSError):
            outcome = "dead"
        self.close()
        self._start()
        return outcome

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def _decode_all(connection: Connection) -> None:
    connection.send("ready")
    while True:
        connection.send(_decode(connection.recv()))


def _decode(path: Path) -> Outcome:
    try:
        clip = decode_clip(path, preprocessing=Preprocessing())
    except MediaError:
        return "refused"
    except Exception:  # noqa: BLE001  # which one it is, the seed tells again
        return "unforeseen"
    return "cut" if clip.cut else "whole"
