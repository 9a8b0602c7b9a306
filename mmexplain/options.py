"""Options that several verbs have, and the types of their values."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from batcher.backends.choice import COMPUTE_PRECISIONS, LOCAL_BACKENDS, BackendChoice
from batcher.backends.onnxruntime import DEVICES
from batcher.backends.triton.addresses import Addresses, Tls, hosts_of, is_url
from batcher.designs import MAX_MASKS
from batcher.players import VIDEO_PLAYERS, VideoPlayers, words_per_player
from triton_models.deployment import REQUESTS, TARGETS, DeploymentOptions
from triton_models.endpoints import LAST_PORT

Command = Callable[..., Any]


class NumberOr(click.ParamType[Any]):
    """A number, or one of some words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.name = "|".join((*words, "number"))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Read the option."""
        if value in self.words or isinstance(value, int):
            found: int | str = value
            return found
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither {' nor '.join(map(repr, self.words))} nor a number", param, ctx)


class Folder(click.ParamType[Path]):
    """A folder to write into."""

    name = "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Read the option; a URL must be refused before it is a path, which has no double slash."""
        if "://" in str(value):
            self.fail(f"{value} is no path; results go to a folder that every worker sees", param, ctx)
        return Path(value)


class TextPlayers(click.ParamType[str]):
    """A kind of text players."""

    name = "tokens|words|N-grams"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the option."""
        try:
            words_per_player(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class PicturePlayers(click.ParamType[Any]):
    """A kind of picture players, or a table of regions."""

    name = "|".join((*VIDEO_PLAYERS, "FILE"))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | Path:
        """Read the option; a path comes back as one."""
        if value in VIDEO_PLAYERS:
            return str(value)
        if not Path(value).is_file():
            self.fail(f"{str(value)!r} is none of {', '.join(VIDEO_PLAYERS)}, and no file", param, ctx)
        return Path(value)


class Port(NumberOr):
    """A port, or off."""

    def __init__(self) -> None:
        super().__init__("off")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Read the option."""
        port = super().convert(value, param, ctx)
        if isinstance(port, int) and not 0 <= port <= LAST_PORT:
            self.fail(f"{port} is no port: 0 (any free one) to {LAST_PORT}", param, ctx)
        return port


class BackendName(click.ParamType[str]):
    """A backend of this process, or servers."""

    name = "|".join((*LOCAL_BACKENDS, "grpc://host:port"))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the option."""
        name = str(value)
        if name not in LOCAL_BACKENDS and not is_url(name):
            self.fail(
                f"{name!r} is none of {', '.join(LOCAL_BACKENDS)}, and no grpc://host:port of servers", param, ctx
            )
        return name


def picture_players(found: VideoPlayers | Path) -> tuple[VideoPlayers, Path | None]:
    """The kind of picture players, and their table if they are regions."""
    return ("regions", found) if isinstance(found, Path) else (found, None)


def needs_torch(command: Callable[..., Any]) -> Callable[..., Any]:
    """Say what to install where a verb needs torch and there is none."""

    @wraps(command)
    def run(**options: Any) -> Any:
        try:
            return command(**options)
        except ModuleNotFoundError as error:
            raise click.UsageError(
                f"{error.name} isn't installed; this verb needs: pip install 'mmexplain[train]' "
                "(from a checkout: pip install -e '.[train]')"
            ) from error

    return run


def run_options(command: Command) -> Command:
    """Options of every verb that explains. Those of where it computes come as one `backend: BackendChoice`."""

    @wraps(command)
    def run(**given: Any) -> Any:
        named = {name: given.pop(name) for name in (*_ADDRESSES, *_TLS)}
        local = {name: given.pop(name) for name in ("precision", "device", "threads")}
        return command(backend=_choice(given.pop("backend"), named, local), **given)

    options = [
        click.option("--masks", type=NumberOr("auto"), default="auto", show_default=True, help="Of each modality."),
        click.option("--max-masks", default=MAX_MASKS, show_default=True, help="Most of them."),
        click.option("--seed", default=0, show_default=True, help="Of the sub-masks."),
        click.option("--backend", type=BackendName(), default=LOCAL_BACKENDS[0], show_default=True, help=_BACKEND),
        click.option("--precision", type=click.Choice(COMPUTE_PRECISIONS), help=_PRECISION),
        click.option(
            "--device", type=click.Choice(DEVICES), help="Of onnxruntime.  [default: cpu; servers say theirs]"
        ),
        click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of each worker."),
        click.option("--in-flight", type=click.IntRange(min=1), help=_IN_FLIGHT),
        click.option("--tries", type=click.IntRange(min=1), help=_TRIES),
        click.option("--timeout-s", type=click.FloatRange(min=0, min_open=True), help=_TIMEOUT),
        click.option("--tls-ca", type=_FILE, help="grpcs: authorities to trust.  [default: the system's]"),
        click.option("--tls-certificate", type=_FILE, help="grpcs: a certificate for servers that ask for one."),
        click.option("--tls-key", type=_FILE, help="grpcs: its key."),
        click.option(
            "--workers", type=click.IntRange(min=0), help="Processes; 0: this one.  [default: cores; servers: 2]"
        ),
        click.option("--log", type=click.Choice(["auto", "rich", "json"]), default="auto", show_default=True),
    ]
    for option in reversed(options):
        run = option(run)
    return run


def deployment_options(command: Command) -> Command:
    """Options of every verb that makes a model repository; they come as one `deployment: DeploymentOptions`."""
    names = [field.name for field in fields(DeploymentOptions)]

    @wraps(command)
    def run(**given: Any) -> Any:
        return command(deployment=DeploymentOptions(**{name: given.pop(name) for name in names}), **given)

    options = [
        click.option("--target", type=click.Choice(TARGETS), help=_TARGET),
        click.option("--device", type=click.Choice(DEVICES), help="Triton: of graphs.  [default: container: cuda]"),
        click.option("--instances", type=click.IntRange(min=1), help="Triton: of a graph.  [default: cores; GPU: 1]"),
        click.option("--requests", type=click.IntRange(min=1), default=REQUESTS, show_default=True, help=_REQUESTS),
        click.option(
            "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Triton: of an instance."
        ),
    ]
    for option in reversed(options):
        run = option(run)
    return run


_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, resolve_path=True)
_TARGET = "Triton: NVIDIA's container, or one whose python backend runs the graphs.  [default: as it is found]"
_REQUESTS = "Triton: clips that are answered at a time."
_BACKEND = "grpc://a:8001,b:8001 are servers of Triton; grpcs:// by TLS."
_PRECISION = "bf16 or fp32, of openvino.  [default: the model's]"
_IN_FLIGHT = f"Servers: clips of a worker under way at a time.  [default: {Addresses.in_flight}]"
_TRIES = f"Servers: of a clip, before it is left for the next start.  [default: {Addresses.tries}]"
_TIMEOUT = f"Servers: seconds until an answer is given up.  [default: {Addresses.timeout_s}]"
_ADDRESSES = ("in_flight", "tries", "timeout_s")
_TLS = ("tls_ca", "tls_certificate", "tls_key")


def _choice(backend: str, named: dict[str, Any], local: dict[str, Any]) -> BackendChoice:
    """What runs the graphs.

    Raises:
        UsageError: an option is of another backend.
    """
    given = {name: value for name, value in named.items() if value is not None}
    device, secured = local.pop("device"), backend.startswith("grpcs://")
    if backend in LOCAL_BACKENDS:
        _refuse(given, f"{backend} has no servers; use it with --backend grpc://host:port")
        return BackendChoice(backend, device or "cpu", **local)
    if device:
        _refuse({"device": device}, "servers say on what they compute: leave it out")
    if not secured:
        _refuse({name: given[name] for name in _TLS if name in given}, "it is of grpcs://")
    try:
        tls = Tls(*(named[name] for name in _TLS)) if secured else None
        settings = {name: given[name] for name in _ADDRESSES if name in given}
        addresses = Addresses(hosts_of(backend), tls, **settings)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return BackendChoice("triton", addresses=addresses, **local)


def _refuse(options: dict[str, Any], reason: str) -> None:
    if options:
        raise click.UsageError(f"{', '.join(map(_option, options))}: {reason}")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
