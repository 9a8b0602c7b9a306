"""A trial: a small made-up clip, on which a server must give what ONNX Runtime gives here.

A server may say that it is ready, and that all went well, and return wrong numbers: Triton's python backend does with
numpy 2, and a model whose process was killed stays ready for ever.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from tritonclient.utils import np_to_triton_dtype

from batcher.backends import BackendError
from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.backends.triton.addresses import Addresses, hosts_of
from batcher.backends.triton.server import MODEL, Server, ServerError
from batcher.backends.triton.servers import check_digest
from batcher.grid import Grid, Maskable, Slices
from batcher.grid.request import GridAnswer, GridRequest
from export.artefact import Artefact
from media.modality import Modality

TOKENS: Final = 6
SAMPLES: Final = 8_000
FRAMES: Final = 2
KEEP: Final = np.array([[False, False], [True, True], [True, False]])

MOST: Final = 0.02
"""Difference of a logit, in parts of the largest: fp16 on a GPU stays below, a wrong answer doesn't."""


def trial_request(artefact: Artefact) -> GridRequest:
    """Two players of each modality that the model sees, in three sub-masks."""
    rng = np.random.default_rng(0)
    size = artefact.preprocessing.image_size
    frames = rng.integers(256, size=(FRAMES, 3, size, size), dtype=np.uint8)
    clips: dict[Modality, tuple[Any, Any]] = {
        "text": (np.arange(TOKENS), np.arange(TOKENS) // (TOKENS // 2)),
        "audio": (rng.normal(size=SAMPLES).astype(np.float32), np.arange(SAMPLES) // (SAMPLES // 2)),
        "video": (frames, np.broadcast_to(np.arange(4) // 2, (FRAMES, 4, 4))),
    }
    return GridRequest({m: Maskable(*clips[m], KEEP) for m in artefact.modalities}, Slices())


@dataclass(frozen=True)
class Trial:
    """What is asked, and what it comes to in this process."""

    artefact: Artefact
    request: GridRequest
    expected: Grid

    @classmethod
    def of(cls, folder: Path) -> "Trial":
        """The trial of an artefact.

        Raises:
            ArtefactError: the folder is no artefact.
        """
        backend = OnnxRuntimeBackend.load(folder)
        request = trial_request(backend.artefact)
        return cls(backend.artefact, request, backend.grid(dict(request.clip)))

    def check_url(self, url: str) -> None:
        """Try the servers of a URL.

        Raises:
            BackendError: one doesn't pass.
        """
        self.check(Addresses(hosts_of(url)))

    def check(self, addresses: Addresses) -> str:
        """Try every server.

        Returns:
            The device on which all of them compute.

        Raises:
            BackendError: one is out of reach, serves another artefact, infers wrongly, or has a device of its own.
        """
        servers = [Server(host, addresses) for host in addresses.hosts]
        try:
            devices = {server.host: check_digest(server, self.artefact.digest).get("device", "") for server in servers}
            if len(set(devices.values())) > 1:
                raise BackendError(f"servers compute on different devices, {devices}: use those of one kind")
            for server in servers:
                self._check(server)
        except ServerError as error:
            raise BackendError(f"{error}. Start it (`mmexplain serve`), or correct --backend") from error
        finally:
            for server in servers:
                server.close()
        return next(iter(devices.values()))

    def _check(self, server: Server) -> None:
        try:
            answer = GridAnswer.read(server.infer(MODEL, self.request.arrays()), self.request, self.artefact.logits)
        except (KeyError, ValueError) as error:
            raise BackendError(f"{server.host} answers as no model of this version does: {error}") from error
        difference = float(np.abs(answer.blocks[0] - self.expected.logits).max())
        largest = float(np.abs(self.expected.logits).max())
        if not difference <= MOST * largest:
            raise BackendError(
                f"{server.host} infers wrongly: logits of up to {largest:.3g} differ by {difference:.3g} from ONNX "
                "Runtime's; with the python backend, its numpy must be older than 2 (`make triton` builds such a one)"
            )


def trial_body(artefact: Artefact) -> str:
    """The trial as the body of a request by HTTP, for whoever watches over a server without this project."""
    arrays = trial_request(artefact).arrays()
    inputs: Sequence[dict[str, Any]] = [
        {
            "name": name,
            "shape": array.shape,
            "datatype": np_to_triton_dtype(array.dtype),
            "data": array.ravel().tolist(),
        }
        for name, array in arrays.items()
    ]
    return json.dumps({"inputs": inputs})
