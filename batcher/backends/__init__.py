"""Backends: what evaluates an artefact's graphs on one clip."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from batcher.grid import Divided, Grid, GridPart, Maskable, Part
from export.artefact import Artefact
from media.modality import Modality

P = TypeVar("P", bound=Part)


class BackendError(Exception):
    """A backend that can't run here; the message says what is missing."""


class UnavailableError(Exception):
    """A clip that no server could explain now; it may at the next start."""


class Growing(Protocol):
    """The grid of one clip whose modalities get sub-masks bit by bit (`batcher.grid.GrowingGrid`)."""

    def extend(self, modality: Modality, keep: NDArray[np.bool_]) -> None:
        """Append sub-masks [k, n] to a modality."""

    def grid(self) -> Grid:
        """The grid of all sub-masks so far."""

    def part(self, part: P) -> GridPart[P]:
        """A part of it."""


class Backend(Protocol):
    """Evaluates coalitions of one clip. The clip and its sub-masks go in once; no masked clip ever travels."""

    folder: Path
    """The artefact's folder."""
    artefact: Artefact

    def grid(self, inputs: dict[Modality, Maskable]) -> Grid:
        """Logits of the product grid of the sub-masks."""

    def grow(self, clip: Mapping[Modality, Divided]) -> Growing:
        """A grid without sub-masks, which are appended as they are asked for."""

    def run(self, graph: str, /, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Run one graph on its inputs, by name."""

    def rest(self) -> None:
        """Give back what isn't needed until the next clip."""


__all__ = ["Backend", "BackendError", "Growing", "UnavailableError"]
