"""A server that is started again when it, or a process of one of its models, ends."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, NoReturn, Self

from batcher.backends import BackendError
from triton_models.events import Broken, Listening, ServerEvent
from triton_models.server import Check, ServerSetup, TritonServer

LOOK_S: Final = 0.5
RESTARTS: Final = 5
"""Within the window; one more, and it's given up."""
WINDOW_S: Final = 600.0


@dataclass
class Supervisor:
    """Keeps a server running, on the same ports. Use it in one thread: the server dies with it."""

    setup: ServerSetup
    check: Check
    on_event: Callable[[ServerEvent], None] = lambda _: None
    restarts: int = RESTARTS
    window_s: float = WINDOW_S
    _server: TritonServer | None = None
    _broken: deque[float] = field(default_factory=deque)
    """When, in seconds of the monotonic clock."""

    @property
    def server(self) -> TritonServer:
        """The one that runs now."""
        if self._server is None:
            raise RuntimeError("not started: use it as a context manager")
        return self._server

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()

    def watch(self) -> NoReturn:
        """Look for ever.

        Raises:
            BackendError: it broke too often.
        """
        while True:
            self.look()
            time.sleep(LOOK_S)

    def look(self) -> None:
        """Start the server again if it is broken.

        Raises:
            BackendError: it broke too often.
        """
        fault = self.server.fault()
        while fault:
            self._count(fault)
            # It would wait for the dead process in vain, and would leave the living.
            self.server.kill()
            fault = self._try_start()

    def _count(self, fault: str) -> None:
        self.on_event(Broken(fault))
        now = time.monotonic()
        self._broken.append(now)
        while self._broken[0] < now - self.window_s:
            self._broken.popleft()
        if len(self._broken) > self.restarts:
            raise BackendError(
                f"the model server broke {len(self._broken)} times in {self.window_s:.0f} s, and is given up; "
                f"last: {fault}\n{self.server.errors()}"
            )

    def _try_start(self) -> str | None:
        try:
            self._start()
        except BackendError as error:
            return str(error)
        return None

    def _start(self) -> None:
        start = time.monotonic()
        self._server = TritonServer.start(self.setup, self.check)
        endpoints = self.setup.endpoints
        self.on_event(Listening(endpoints.url, endpoints.ports, time.monotonic() - start))
