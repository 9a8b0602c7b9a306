"""Where a server listens."""

import errno
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

from batcher.backends import BackendError

LOOPBACK: Final = "127.0.0.1"
LAST_PORT: Final = 65535
ANY_ADDRESS: Final[Mapping[str, str]] = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104  # listened to on request
"""Where this machine itself reaches a server that listens everywhere."""
OPTIONS: Final[Mapping[str, str]] = {"grpc": "--port", "http": "--http-port", "metrics": "--metrics-port"}


@dataclass(frozen=True)
class Endpoints:
    """An address and its ports. 0: any free one; None: off."""

    host: str = LOOPBACK
    grpc: int = 8001
    http: int | None = 8000
    metrics: int | None = 8002

    @property
    def ports(self) -> dict[str, int]:
        """The ports that are on, by what they are for."""
        named = {"grpc": self.grpc, "http": self.http, "metrics": self.metrics}
        return {name: port for name, port in named.items() if port is not None}

    @property
    def reachable(self) -> str:
        """The host, as this machine reaches it."""
        return ANY_ADDRESS.get(self.host, self.host)

    @property
    def address(self) -> str:
        """Host and port of gRPC, for clients on this machine."""
        return f"[{self.reachable}]:{self.grpc}" if ":" in self.reachable else f"{self.reachable}:{self.grpc}"

    @property
    def url(self) -> str:
        """What `--backend` takes."""
        return f"grpc://{self.address}"

    def resolved(self) -> "Endpoints":
        """The same with free ports for those that may be any.

        Raises:
            BackendError: a port is taken, or the host is no address of this machine.
        """
        # All are held until the last is found: two can't get the same one.
        with ExitStack() as held:
            held_ports = {n: held.enter_context(self._listen(n, port)) for n, port in self.ports.items()}
            free = {name: listener.getsockname()[1] for name, listener in held_ports.items()}
        return replace(self, **free)

    def arguments(self) -> list[str]:
        """Of tritonserver."""
        given = []
        for name in OPTIONS:
            port = self.ports.get(name)
            given += (
                [f"--allow-{name}=false"]
                if port is None
                else [f"--{name}-address={self.host}", f"--{name}-port={port}"]
            )
        return given

    def _listen(self, name: str, port: int) -> socket.socket:
        option = OPTIONS[name]
        try:
            family, kind, *_, place = socket.getaddrinfo(self.host, port, type=socket.SOCK_STREAM)[0]
        except socket.gaierror as error:
            raise BackendError(f"--host {self.host} is no address: {error.strerror}") from error
        listener = socket.socket(family, kind)
        try:
            # As the server itself does: a port is free again as soon as nobody listens.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            listener.listen()  # else two could have one port
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                raise BackendError(
                    f"port {port} of {self.host} is taken: choose another {option} (0 is any free one)"
                ) from error
            raise BackendError(
                f"can't listen on {self.host}, port {port}: {error.strerror}; choose another --host or {option}"
            ) from error
        return listener
