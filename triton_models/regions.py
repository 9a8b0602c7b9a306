"""Shared memory between a server and its stubs."""

from pathlib import Path
from typing import Final

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # where Linux keeps it


def regions_of(prefix: str) -> list[Path]:
    """The regions whose names begin so."""
    return sorted(SHARED_MEMORY.glob(f"{prefix}*"))


def remove_regions(prefix: str) -> None:
    """Remove what a server left: of a stub that crashed, or of itself when it was killed."""
    for region in regions_of(prefix):
        region.unlink(missing_ok=True)
