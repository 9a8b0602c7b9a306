"""Which servers explain, and how patient their clients are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCHEMES: Final = ("grpc://", "grpcs://")
"""Plain, and by TLS."""


@dataclass(frozen=True)
class Tls:
    """Files in PEM that secure a connection; None: what the system trusts, and no certificate of one's own."""

    ca: Path | None = None
    """Certificates of the authorities that are trusted."""
    certificate: Path | None = None
    """This client's, where servers ask for one."""
    key: Path | None = None
    """Of the certificate."""


@dataclass(frozen=True)
class Addresses:
    """Servers of one artefact.

    Raises:
        ValueError: a number isn't positive.
    """

    hosts: tuple[str, ...]
    """host:port of each."""
    tls: Tls | None = None
    """None: not by TLS."""
    in_flight: int = 4
    """Requests of one worker that are under way at a time, over all servers."""
    tries: int = 8
    """Of a request, before its segment is given up for now. Between them pass 0.5 s, 1 s, 2 s and so on, at most 30 s:
    a minute with 8, in which a server can come back."""
    timeout_s: float = 600
    """Until an answer is given up."""

    def __post_init__(self) -> None:
        for name in ("in_flight", "tries", "timeout_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: give more than 0")


def is_url(value: str) -> bool:
    """Whether a backend's name is that of servers."""
    return value.startswith(SCHEMES)


def hosts_of(url: str) -> tuple[str, ...]:
    """The servers that `grpc://a:8001,b:8001` names; its scheme stands before the first, or before each.

    Raises:
        ValueError: it names none, or one without a port.
    """
    scheme = next(s for s in SCHEMES if url.startswith(s))
    hosts = tuple(host.strip().removeprefix(scheme).removesuffix("/") for host in url.split(","))
    for host in hosts:
        name, _, port = host.rpartition(":")
        if not name or not port.isdigit() or "/" in host:
            raise ValueError(f"{host!r} of {url} is no server: write {scheme}host:port, several between commas")
    return hosts
