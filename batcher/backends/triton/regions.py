"""Shared memory by which a client and a server on one machine pass clips: 60 MB by gRPC take ten times as long.

A region's name is gone as soon as the server has mapped it, so that nothing is left behind however a client ends.
"""

import mmap
import os
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

Array = NDArray[Any]

FOLDER: Final = Path("/dev/shm")  # noqa: S108  # where Linux keeps POSIX shared memory; the server opens it by name
LEAST: Final = 1 << 16
"""Bytes of an array that is worth passing so."""
ALIGNMENT: Final = 64
MODE: Final = 0o600


@dataclass(frozen=True)
class Region:
    """Memory that this process and a server both see."""

    name: str
    memory: mmap.mmap

    def write(self, arrays: Mapping[str, Array]) -> dict[str, int]:
        """Copy arrays in, and say where each begins, in bytes."""
        offsets, end = {}, 0
        for name, array in arrays.items():
            place = np.frombuffer(self.memory, array.dtype, array.size, end).reshape(array.shape)
            np.copyto(place, array)
            offsets[name] = end
            end += _aligned(array.nbytes)
        return offsets


@dataclass
class Regions:
    """Those that one server has mapped for this process. A region is lent to one request at a time."""

    client: InferenceServerClient
    timeout_s: float
    """Until the server's answer is given up."""
    _free: list[Region] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    """Of those that are free."""
    _refused: bool = False
    """Whether the server sees none of this machine's memory."""

    def lend(self, arrays: Mapping[str, Array]) -> Region | None:
        """A region with room for the arrays; None where none can be made or mapped, or nothing is large.

        Raises:
            InferenceServerException: the server doesn't answer.
        """
        size = sum(_aligned(array.nbytes) for array in arrays.values())
        if not size or self._refused or not FOLDER.is_dir():
            return None
        with self._lock:
            for place, region in enumerate(self._free):
                if len(region.memory) >= size:
                    return self._free.pop(place)
        self.close()
        return self._register(1 << (size - 1).bit_length())

    def take_back(self, region: Region) -> None:
        """Keep a region for the next request; the last one's answer is here."""
        with self._lock:
            self._free.append(region)

    def discard(self, region: Region) -> None:
        """Give a region up. A server that is gone, or still reads it, frees it when it ends."""
        with suppress(InferenceServerException):
            self.client.unregister_system_shared_memory(region.name, client_timeout=self.timeout_s)

    def close(self) -> None:
        """Give all up that are free."""
        with self._lock:
            free, self._free = self._free, []
        for region in free:
            self.discard(region)

    def _register(self, size: int) -> Region | None:
        name = f"mmexplain-{secrets.token_hex(8)}"
        path = FOLDER / name
        try:
            region = _created(path, size)
            self.client.register_system_shared_memory(name, f"/{name}", size, client_timeout=self.timeout_s)
        except OSError:
            # A container's is of 64 MB, unless told otherwise. Another region may be free by the next request.
            return None
        except InferenceServerException as error:
            if is_passing(error):
                raise
            self._refused = True
            return None
        finally:
            path.unlink(missing_ok=True)
        return region


def is_passing(error: InferenceServerException) -> bool:
    """Whether a server was out of reach, rather than refused."""
    return error.status() in {"StatusCode.UNAVAILABLE", "StatusCode.DEADLINE_EXCEEDED", "StatusCode.CANCELLED"}


def _created(path: Path, size: int) -> Region:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, MODE)
    try:
        os.posix_fallocate(descriptor, 0, size)
        return Region(path.name, mmap.mmap(descriptor, size))
    finally:
        os.close(descriptor)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
