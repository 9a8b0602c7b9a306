"""What a supervised server reports while it runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Listening:
    """The server answers, and answers right."""

    url: str
    ports: dict[str, int]
    """Of grpc, http and metrics, as far as they are on."""
    seconds: float
    """Since it was started."""


@dataclass(frozen=True)
class Broken:
    """The server must be started again."""

    reason: str


ServerEvent = Listening | Broken
