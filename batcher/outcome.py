"""What became of a segment."""

from dataclasses import dataclass
from typing import Final

EXPLAINED: Final = "explained"
FAILED: Final = "failed"
"""A lasting failure (unreadable media); tried again only with --retry-errors."""
UNAVAILABLE: Final = "unavailable"
"""A passing failure (no model server); tried again at the next start."""


@dataclass(frozen=True)
class Failure:
    """Why a segment has no explanation."""

    stage: str
    """decode, explain or worker."""
    error: str
    status: str = FAILED
