"""Backends: what evaluates an artefact's graphs on one clip."""

from pathlib import Path
from typing import Protocol

from batcher.grid import Grid, Maskable
from export.artefact import Artefact
from media.modality import Modality


class BackendError(Exception):
    """A backend that can't run here; the message says what is missing."""


class Backend(Protocol):
    """Evaluates coalitions of one clip. The clip and its sub-masks go in once; no masked clip ever travels."""

    folder: Path
    """The artefact's folder."""
    artefact: Artefact

    def grid(self, inputs: dict[Modality, Maskable]) -> Grid:
        """Logits of the product grid of the sub-masks."""


__all__ = ["Backend", "BackendError"]
