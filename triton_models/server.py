"""A tritonserver: started, found to be right, stopped."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from batcher.backends import BackendError
from triton_models.endpoints import Endpoints
from triton_models.environment import STUB, ServerEnvironment
from triton_models.log import errors_of
from triton_models.processes import Process, children_of
from triton_models.regions import remove_regions

READY_S: Final = 900.0
"""Until every instance of every model is loaded."""
POLL_S: Final = 0.1
EXIT_TIMEOUT_S: Final = 5
"""What requests in flight get to finish in."""
ANSWER_S: Final = 5.0
"""To a question that takes no time."""
STOP_S: Final = EXIT_TIMEOUT_S + 10.0
"""After that it is killed."""

Check = Callable[[str], None]
"""Given the server's URL, raises BackendError unless a real inference is right."""


@dataclass(frozen=True)
class ServerSetup:
    """What a server is started with, and started again."""

    environment: ServerEnvironment
    backends: Path
    """The folder of its backends, whole."""
    repository: Path
    """Of its models: all are loaded."""
    endpoints: Endpoints
    """Every port a number."""
    log: Path
    """Every start appends to it."""
    model_control: bool = False
    """Whether clients may unload and load models. A supervised server has it off: a stub that ends is a fault."""
    arguments: tuple[str, ...] = ()
    """Further ones of tritonserver."""

    def command(self, name: str) -> list[str]:
        """The server's command.

        Args:
            name: what it answers when asked for it, and how its regions of shared memory begin.
        """
        given = [
            f"--id={name}",
            f"--model-repository={self.repository}",
            f"--backend-directory={self.backends}",
            f"--backend-config=python,shm-region-prefix-name={name}_",
            f"--exit-timeout-secs={EXIT_TIMEOUT_S}",
            "--disable-auto-complete-config",
            *self.endpoints.arguments(),
        ]
        if self.environment.caches:
            given.append(f"--cache-directory={self.environment.caches}")
        if self.environment.python:
            given.append("--allow-gpu-metrics=false")  # that library isn't in the Python package
        if self.model_control:
            given += ["--model-control-mode=explicit", "--load-model=*"]
        return [str(self.environment.binary), *given, *self.arguments]


def prepare(
    environment: ServerEnvironment, repository: Path, endpoints: Endpoints, folder: Path, *, log: Path | None = None
) -> ServerSetup:
    """Find free ports and complete the backends.

    Args:
        environment: the server.
        repository: its models.
        endpoints: where it listens.
        folder: for its files, gone after it.
        log: what it writes. None: a file in that folder.

    Raises:
        BackendError: a port is taken.
    """
    log = log or folder / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    return ServerSetup(
        environment=environment,
        backends=environment.assemble_backends(folder / "backends"),
        repository=repository.absolute(),
        endpoints=endpoints.resolved(),
        log=log,
    )


class TritonServer:
    """A running server, in a session of its own: Ctrl-C reaches us alone, and we stop it.

    It dies with the thread that started it, however that ends (prctl(2), PR_SET_PDEATHSIG).
    """

    def __init__(self, setup: ServerSetup) -> None:
        self.setup = setup
        self.name = f"mmexplain-{secrets.token_hex(6)}"
        self.log_start = setup.log.stat().st_size if setup.log.exists() else 0
        self.process = self._spawn()
        self.stubs: tuple[Process, ...] = ()
        self.killed = False

    @classmethod
    def start(cls, setup: ServerSetup, check: Check) -> Self:
        """A server that answers, and answers right.

        Args:
            setup: what it is started with.
            check: a real inference: that a server says it is ready means little.

        Raises:
            BackendError: it ended, a model of it failed to load, or the check failed. Nothing of it is left.
        """
        server = cls(setup)
        try:
            server.wait_until_ready()
            check(setup.endpoints.url)
        except BaseException:
            server.kill()
            raise
        return server

    def wait_until_ready(self, limit_s: float = READY_S) -> None:
        """Wait until all models are loaded and it listens.

        Raises:
            BackendError: it ended instead, or the time did.
        """
        end = time.monotonic() + limit_s
        while not self._is_ready():
            if self.process.poll() is not None:
                raise BackendError(f"tritonserver ended before it was ready ({self._status()}):\n{self.errors()}")
            if time.monotonic() > end:
                raise BackendError(f"tritonserver wasn't ready in {limit_s:.0f} s:\n{self.errors()}")
            time.sleep(POLL_S)
        self.stubs = children_of(self.process.pid, STUB)

    def fault(self) -> str | None:
        """What is broken, as far as processes show; None if nothing is."""
        if self.process.poll() is not None:
            return f"tritonserver ended ({self._status()})"
        # Triton never starts a stub again, and goes on calling its model ready.
        dead = [str(stub.pid) for stub in self.stubs if not stub.alive]
        return f"a model's process ended ({STUB}, {', '.join(dead)})" if dead else None

    def errors(self) -> str:
        """The errors that it wrote."""
        return errors_of(self.setup.log, self.log_start)

    def stop(self) -> None:
        """Let it finish what it does, for some seconds; leave nothing of it."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_S)
        self.kill()

    def kill(self) -> None:
        """End it at once; leave nothing of it."""
        if self.killed:
            return  # its number may be another's by now
        # Stubs outlive a server that was killed.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        # The next server needs their memory.
        end = time.monotonic() + STOP_S
        while any(stub.alive for stub in self.stubs) and time.monotonic() < end:
            time.sleep(POLL_S / 10)
        remove_regions(self.name)
        self.killed = True

    def _spawn(self) -> "subprocess.Popen[bytes]":
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise BackendError("setpriv isn't on the PATH; it makes the server end when we do: install util-linux")
        # Not by preexec_fn: it forks, which the threads of a gRPC client don't survive.
        tethered = [setpriv, "--pdeathsig", "TERM", "--", *self.setup.command(self.name)]
        with self.setup.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603  # our own command
                tethered,
                env=self.setup.environment.variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _is_ready(self) -> bool:
        """Whether this server, and no other that has the port, answers and has all models."""
        endpoints = self.setup.endpoints
        if not all(_is_open(endpoints, port) for port in endpoints.ports.values()):
            return False
        with InferenceServerClient(endpoints.address) as client:
            try:
                metadata: Any = client.get_server_metadata(client_timeout=ANSWER_S)
                return metadata.name == self.name and bool(client.is_server_ready(client_timeout=ANSWER_S))
            except InferenceServerException:
                return False

    def _status(self) -> str:
        code = self.process.returncode
        return f"exit status {code}" if code >= 0 else signal.Signals(-code).name


def _is_open(endpoints: Endpoints, port: int) -> bool:
    try:
        socket.create_connection((endpoints.reachable, port), timeout=1).close()
    except OSError:
        return False
    return True
