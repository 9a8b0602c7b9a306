"""A trial: a small made-up clip, on which a server must give what ONNX Runtime gives here.

A server may say that it is ready, and that all went well, and return wrong numbers: Triton's python backend does with
numpy 2, and a model whose process was killed stays ready for ever.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from tritonclient.utils import np_to_triton_dtype

from batcher.backends import BackendError
from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.backends.triton.addresses import Addresses
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


def expected_grid(folder: Path) -> Grid:
    """What the trial comes to in this process."""
    backend = OnnxRuntimeBackend.load(folder)
    return backend.grid(dict(trial_request(backend.artefact).clip))


def check_servers(folder: Path, artefact: Artefact, addresses: Addresses) -> str:
    """Hold every server against ONNX Runtime in this process.

    Args:
        folder: the artefact.
        artefact: its description.
        addresses: of the servers.

    Returns:
        The device on which all of them compute.

    Raises:
        BackendError: one is out of reach, serves another artefact, infers wrongly, or has another device than others.
    """
    servers = [Server(host, addresses) for host in addresses.hosts]
    try:
        devices = {server.host: _device(server, artefact) for server in servers}
        if len(set(devices.values())) > 1:
            raise BackendError(f"servers compute on different devices, {devices}: rows of one result mustn't mix them")
        expected = expected_grid(folder)
        for server in servers:
            _check_server(server, trial_request(artefact), expected)
    except ServerError as failure:
        raise BackendError(f"{failure}. Start it (`mmexplain serve`), or correct --backend") from failure
    finally:
        for server in servers:
            server.close()
    return next(iter(devices.values()))


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


def _device(server: Server, artefact: Artefact) -> str:
    return check_digest(server, artefact.digest)["device"]


def _check_server(server: Server, request: GridRequest, expected: Grid) -> None:
    try:
        answer = GridAnswer.read(server.infer(MODEL, request.arrays()), request)
    except (KeyError, ValueError) as error:
        raise BackendError(f"{server.host} doesn't answer as a model repository of this version: {error}") from error
    difference = float(np.abs(answer.blocks[0] - expected.logits).max())
    largest = float(np.abs(expected.logits).max())
    if not difference <= MOST * largest:
        raise BackendError(
            f"{server.host} infers wrongly: logits of up to {largest:.3g} differ by {difference:.3g} from ONNX "
            "Runtime's; with the python backend, its numpy must be older than 2 (`make triton` builds such a one)"
        )
