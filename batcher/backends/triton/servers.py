"""Several servers of one artefact: requests go to the one with the least to do, and again where one fails."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from numpy.typing import NDArray

from batcher.backends import BackendError, UnavailableError
from batcher.backends.triton.addresses import Addresses
from batcher.backends.triton.server import MODEL, Server, ServerError

Array = NDArray[Any]
T = TypeVar("T")

FIRST_PAUSE_S: Final = 0.5
MOST_PAUSE_S: Final = 30.0
ALIVE_S: Final = 60.0
"""For a clip that has nothing, behind those that are under way."""


@dataclass
class Turn:
    """A server, and how it did so far."""

    server: Server
    asked: int = 0
    """Requests so far: of two that are idle the one that had fewer comes next."""
    in_flight: int = 0
    failures: int = 0
    """Since its last answer; those of requests that were under way together count once."""
    free_at: float = 0.0
    """When it may be asked again, by the monotonic clock."""
    verified: bool = False
    """Whether it said since its last failure that it serves the artefact."""

    def failed(self, now: float) -> None:
        """Leave the server alone for a while, each time longer."""
        self.verified = False
        if now >= self.free_at:
            self.failures += 1
            self.free_at = now + min(FIRST_PAUSE_S * 2 ** (self.failures - 1), MOST_PAUSE_S)

    def answered(self) -> None:
        """Forget its failures."""
        self.failures, self.free_at = 0, 0.0


class Servers:
    """The servers of one artefact. Several threads may ask."""

    def __init__(self, addresses: Addresses, digest: str) -> None:
        """Connect.

        Args:
            addresses: of the servers.
            digest: of the artefact that all of them serve.
        """
        self.tries, self.digest = addresses.tries, digest
        self._turns = [Turn(Server(host, addresses)) for host in addresses.hosts]
        self._lock = threading.Lock()

    def infer(
        self,
        model: str,
        arrays: Mapping[str, Array],
        read: Callable[[dict[str, Array]], T],
    ) -> T:
        """Ask one server, and again where it fails.

        Args:
            model: its name.
            arrays: its inputs.
            read: makes of the outputs by name what is returned; a KeyError or ValueError says that they can't be right.

        Raises:
            UnavailableError: no server answered this request, although one is there.
            BackendError: none is there, or one serves another artefact.
            ValueError: the request is wrong.
        """
        for _ in range(self.tries):
            with self._turn() as turn:
                try:
                    answer = self._ask(turn, model, arrays, read)
                except ServerError as failure:
                    turn.failed(time.monotonic())
                    last = failure
                else:
                    turn.answered()
                    return answer
        if not any(self.alive(turn.server) for turn in self._turns):
            raise BackendError(
                f"no model server answers: {last}. Start it (`mmexplain serve`), and run the same command again: "
                "it goes on where it stopped"
            ) from last
        raise UnavailableError(f"after {self.tries} tries, {last}") from last

    def alive(self, server: Server) -> bool:
        """Whether a server infers: a model that is said to be ready may be dead."""
        try:
            # A clip that has nothing, whose constant encodings go through pairs and head.
            server.infer(MODEL, {}, min(server.timeout_s, ALIVE_S))
        except (ServerError, ValueError):
            return False
        return True

    def rest(self) -> None:
        """Give back the shared memory that no request uses."""
        for server in self.each():
            server.regions.close()

    def each(self) -> list[Server]:
        """All of them."""
        return [turn.server for turn in self._turns]

    def close(self) -> None:
        """End the connections."""
        for server in self.each():
            server.close()

    def _ask(self, turn: Turn, model: str, arrays: Mapping[str, Array], read: Callable[[dict[str, Array]], T]) -> T:
        if not turn.verified:
            check_digest(turn.server, self.digest)
            turn.verified = True
        found = turn.server.infer(model, arrays)
        try:
            return read(found)
        except (KeyError, ValueError) as error:
            raise ServerError(f"{turn.server.host}: a wrong answer: {error}") from error

    @contextmanager
    def _turn(self) -> Iterator[Turn]:
        """The server with the least to do among those that may be asked, waited for where there is none."""
        with self._lock:
            now = time.monotonic()
            free = [turn for turn in self._turns if turn.free_at <= now]
            waited = min(self._turns, key=lambda t: t.free_at)
            turn = min(free, key=lambda t: (t.in_flight, t.asked), default=waited)
            turn.in_flight += 1
            turn.asked += 1
        try:
            time.sleep(max(0.0, turn.free_at - now))
            yield turn
        finally:
            with self._lock:
                turn.in_flight -= 1


def check_digest(server: Server, digest: str) -> dict[str, str]:
    """Refuse a server of another artefact.

    Returns:
        What the server says of itself.

    Raises:
        BackendError: it serves another.
        ServerError: it doesn't say.
    """
    served = server.served()
    if served.get("artefact") != digest:
        raise BackendError(
            f"{server.host} serves another artefact ({served.get('artefact', 'none')[:12]}) than --model "
            f"({digest[:12]}): give the one that it serves, or write its repository anew (`mmexplain export --triton`)"
        )
    return served
