"""Triton's servers as a backend: one request for each clip, whose masks are made where the model is."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from batcher.backends.triton.addresses import Addresses
from batcher.backends.triton.server import MODEL
from batcher.backends.triton.servers import Servers
from batcher.grid import Divided, Grid, GridPart, Maskable, Part, Slices
from batcher.grid.request import GridAnswer, GridRequest
from export.artefact import Artefact, read_artefact
from media.modality import Modality

Array = NDArray[Any]
P = TypeVar("P", bound=Part)

LARGEST_NAME = 1 << 62


@dataclass
class TritonBackend:
    """The servers of one artefact, whose description alone is read here."""

    folder: Path
    artefact: Artefact
    servers: Servers
    slices: Slices

    @classmethod
    def load(cls, folder: Path, addresses: Addresses, *, slices: Slices | None = None) -> "TritonBackend":
        """Connect.

        Args:
            folder: the artefact, as the servers have it.
            addresses: of the servers.
            slices: how much goes into one call of a graph.

        Raises:
            ArtefactError: the folder is no artefact.
        """
        artefact = read_artefact(folder)
        return cls(folder, artefact, Servers(addresses, artefact.digest), slices or Slices())

    def grid(self, inputs: dict[Modality, Maskable]) -> Grid:
        """Logits of the product grid of one clip's sub-masks."""
        return self.answer(GridRequest(inputs, self.slices)).grid

    def grow(self, clip: Mapping[Modality, Divided]) -> "ServedGrid":
        """A grid of one clip without sub-masks, which are appended as they are asked for."""
        return ServedGrid(self, clip)

    def run(self, graph: str, /, **inputs: Array) -> list[Array]:
        """Run one graph on its inputs, by name."""
        return self.servers.infer(graph, inputs, lambda found: list(found.values()))

    def rest(self) -> None:
        """Give back the shared memory that no request uses: a server keeps it for a client that is gone."""
        self.servers.rest()

    def answer(self, request: GridRequest) -> GridAnswer:
        """Ask a server for the logits of a grid.

        Raises:
            UnavailableError: none answered.
            BackendError: none is there.
        """
        width = self.artefact.logits
        return self.servers.infer(MODEL, request.arrays(), lambda found: GridAnswer.read(found, request, width))


class ServedGrid:
    """The grid of one clip whose sub-masks grow here, and are computed on a server when logits are asked for.

    Each request brings all of them, so that any server can answer it.
    """

    def __init__(self, backend: TritonBackend, clip: Mapping[Modality, Divided]) -> None:
        self._backend, self._clip = backend, clip
        self._keep: dict[Modality, NDArray[np.bool_]] = {}
        self._name = 1 + secrets.randbelow(LARGEST_NAME)

    def extend(self, modality: Modality, keep: NDArray[np.bool_]) -> None:
        """Append sub-masks [k, n] to a modality."""
        before = self._keep.get(modality)
        self._keep[modality] = keep if before is None else np.concatenate([before, keep])

    def grid(self) -> Grid:
        """The grid of all sub-masks so far."""
        return self._backend.answer(GridRequest(self._masked(), self._backend.slices, grid=self._name)).grid

    def part(self, part: P) -> GridPart[P]:
        """A part of it."""
        answer = self._backend.answer(GridRequest(self._masked(), self._backend.slices, tuple(part.cells)))
        return GridPart(part, answer.blocks, answer.encode_s, answer.grid_s, answer.frames_encoded)

    def _masked(self) -> dict[Modality, Maskable]:
        lacking = [m for m in self._clip if m not in self._keep]
        if lacking:
            raise ValueError(f"no sub-masks of {', '.join(lacking)} yet: extend each modality that the clip has")
        return {m: Maskable(d.clip, d.player, self._keep[m]) for m, d in self._clip.items()}
