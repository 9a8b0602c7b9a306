"""The verb `serve`: an artefact's model repository, and the server on it."""

import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from batcher.backends import BackendError
from batcher.backends.triton.trial import Trial
from triton_models.deployment import Deployment, DeploymentOptions
from triton_models.endpoints import Endpoints
from triton_models.environment import ServerEnvironment, find_environment
from triton_models.events import ServerEvent
from triton_models.repository import write_repository
from triton_models.server import Check, prepare
from triton_models.supervisor import Supervisor

WriteRepository = Callable[[Path, Path, Deployment], object]
"""Writes an artefact's model repository into a folder."""


@dataclass(frozen=True)
class Serving:
    """What is served, and how."""

    artefact: Path
    deployment: DeploymentOptions = field(default_factory=DeploymentOptions)
    endpoints: Endpoints = field(default_factory=Endpoints)
    repository: Path | None = None
    """Where its model repository is written. None: a folder that goes with the server."""
    environment: Path | None = None
    """The Python environment that has the server. None: it is looked for."""
    log: Path | None = None
    """What the server writes. None: shown where it fails, and lost otherwise."""


class _Stopped(BaseException):
    """Someone asked for the end."""


@contextmanager
def serving(
    options: Serving,
    write: WriteRepository,
    check: Check,
    on_event: Callable[[ServerEvent], None] = lambda _: None,
) -> Iterator[Supervisor]:
    """A server that answers right, stopped at the end of the block.

    Args:
        options: what is served, and how.
        write: writes the model repository.
        check: raises BackendError unless the server at a URL infers what this process does.
        on_event: called where the server listens, and where it is started again.

    Raises:
        BackendError: there is no server, or it doesn't start, or answers wrong.
        ArtefactError: the folder is no artefact.
    """
    environment = find_environment(options.environment)
    deployment = _deployment(environment, options.deployment)
    with tempfile.TemporaryDirectory(prefix="mmexplain-serve-") as name:
        folder = Path(name)
        setup = prepare(
            environment, options.repository or folder / "repository", options.endpoints, folder, log=options.log
        )
        write(options.artefact, setup.repository, deployment)
        with Supervisor(setup, check, on_event) as supervisor:
            yield supervisor


def serve(
    options: Serving,
    write: WriteRepository,
    check: Check,
    on_event: Callable[[ServerEvent], None] = lambda _: None,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until Ctrl-C or SIGTERM: that is how a server ends, and no failure.

    In the main thread, which signals reach.

    Args:
        options: as of `serving`.
        write: as of `serving`.
        check: as of `serving`.
        on_event: as of `serving`.
        on_ready: called once, with the URL, when the server answers.

    Raises:
        ArtefactError: as `serving`.
        BackendError: as `serving`; or the server broke too often.
    """
    with _until_signalled(), serving(options, write, check, on_event) as supervisor:
        on_ready(supervisor.setup.endpoints.url)
        supervisor.watch()


def parts_of(artefact: Path) -> tuple[WriteRepository, Check]:
    """What writes an artefact's model repository, and what holds a server of it against this process.

    Raises:
        ArtefactError: the folder is no artefact.
    """
    return write_repository, Trial.of(artefact).check_url


@contextmanager
def _until_signalled() -> Iterator[None]:
    """End the block at the first signal; what cleans up after it isn't disturbed by a second."""
    wanted = (signal.SIGINT, signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # a handler's
        for each in wanted:
            signal.signal(each, signal.SIG_IGN)
        raise _Stopped

    before = [signal.signal(each, stop) for each in wanted]
    try:
        yield
    except _Stopped:
        return
    finally:
        for each, handler in zip(wanted, before, strict=True):
            signal.signal(each, handler)


def _deployment(environment: ServerEnvironment, asked: DeploymentOptions) -> Deployment:
    """The deployment on the server that there is.

    Raises:
        BackendError: the server isn't what was asked for.
    """
    if asked.target == "container" and not environment.has_onnxruntime:
        raise BackendError(f"{environment.binary} has no backend for ONNX graphs: use --target python")
    try:
        return asked.on(asked.target or ("container" if environment.has_onnxruntime else "python"))
    except ValueError as error:
        raise BackendError(str(error)) from error
