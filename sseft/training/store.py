"""Where the features of frozen encoders are kept, so that each clip is encoded once.

Features depend on the encoder's weights and on what it is given; both are in the name of what is kept. A name that is
there is therefore right, whatever was interrupted, and whichever split, variant or training asks for it.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn

from media import Preprocessing
from media.modality import Modality
from sseft.training.source import Source

SHARD_BYTES: Final = 64 * 2**20
"""Features that a store holds back until they are written; what a killed process loses of it."""
SCHEMA: Final = pa.schema(
    [pa.field("key", pa.string()), pa.field("dim", pa.int32()), pa.field("features", pa.large_list(pa.float32()))]
)


class FeatureStore(Protocol):
    """Features by name."""

    def __contains__(self, key: str) -> bool:
        """Whether they are there."""

    def __getitem__(self, key: str) -> Tensor:
        """float32 [L, d]."""

    def add(self, key: str, features: Tensor) -> None:
        """Keep float32 [L, d]."""

    def flush(self) -> None:
        """Write what is held back."""


class MemoryStore(dict[str, Tensor]):
    """In memory, as long as the process lives."""

    def add(self, key: str, features: Tensor) -> None:
        """Keep float32 [L, d]."""
        self[key] = features

    def flush(self) -> None:
        """Nothing is held back."""


class FolderStore:
    """In a folder of Arrow files, each written whole and then mapped into memory: nothing is read but what is used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._where: dict[str, tuple[pa.RecordBatch, int]] = {}
        self._held: dict[str, Tensor] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for unfinished in folder.glob(".*.unfinished"):
            unfinished.unlink()
        for shard in sorted(folder.glob("*.arrow")):
            self._map(shard)

    def __contains__(self, key: str) -> bool:
        """Whether features are there."""
        return key in self._held or key in self._where

    def __getitem__(self, key: str) -> Tensor:
        """float32 [L, d], not to be written to."""
        if key in self._held:
            return self._held[key]
        batch, row = self._where[key]
        values = batch.column("features")[row].values.to_numpy(zero_copy_only=True)
        # A private copy: torch has no tensors that can't be written to.
        found: Tensor = torch.from_numpy(values.copy()).unflatten(0, (-1, batch.column("dim")[row].as_py()))
        return found

    def add(self, key: str, features: Tensor) -> None:
        """Keep float32 [L, d]."""
        self._held[key] = features
        if sum(held.nbytes for held in self._held.values()) >= SHARD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is held back as one more file."""
        if not self._held:
            return
        batch = pa.RecordBatch.from_arrays(
            [
                pa.array(self._held, pa.string()),
                pa.array([features.shape[1] for features in self._held.values()], pa.int32()),
                _lists(list(self._held.values())),
            ],
            schema=SCHEMA,
        )
        name = hashlib.sha256("\n".join(self._held).encode()).hexdigest()[:16]
        unfinished, shard = self.folder / f".{name}.{os.getpid()}.unfinished", self.folder / f"{name}.arrow"
        with unfinished.open("wb") as file:
            with pa.ipc.new_file(file, SCHEMA) as writer:
                writer.write_batch(batch)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(shard)
        self._held.clear()
        self._map(shard)

    def _map(self, shard: Path) -> None:
        with pa.memory_map(str(shard)) as mapped:
            reader = pa.ipc.open_file(mapped)
            for i in range(reader.num_record_batches):
                batch = reader.get_batch(i)
                keys: list[Any] = batch.column("key").to_pylist()
                self._where |= {key: (batch, row) for row, key in enumerate(keys)}


def _lists(features: list[Tensor]) -> pa.LargeListArray:
    """Each [L, d] as one flat list."""
    ends = np.cumsum([0, *(one.numel() for one in features)])
    flat = np.concatenate([one.numpy().ravel() for one in features])
    return pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), pa.array(flat, pa.float32()))


def store_in(cache: Path | None, modality: Modality, digest: str) -> FeatureStore:
    """The store of one encoder: a folder in the cache, or memory where there is none."""
    return MemoryStore() if cache is None else FolderStore(cache / f"{modality}-{digest}")


def digest_of(encoder: nn.Module, preprocessing: Preprocessing) -> str:
    """Sixteen digits that another encoder, or another view of clips, doesn't have."""
    digest = hashlib.sha256(f"{encoder}{preprocessing}".encode())
    for name, value in encoder.state_dict().items():
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def key_of(source: Source, modality: Modality) -> str:
    """What one encoder is given of a clip: its token ids, or its media file as it is now, and the span in it.

    Raises:
        OSError: there is no such file.
    """
    if modality == "text":
        given = () if source.text is None else source.text.ids.tolist()
        return hashlib.sha256(repr(given).encode()).hexdigest()
    file = source.path.stat()
    return f"{source.path.resolve()}|{file.st_size}|{file.st_mtime_ns}|{source.start_ms}|{source.end_ms}"


def missing_in(stores: dict[Modality, FeatureStore], source: Source) -> Iterator[Modality]:
    """The modalities whose features of a clip aren't there.

    Raises:
        OSError: its media file isn't there.
    """
    return (modality for modality, store in stores.items() if key_of(source, modality) not in store)
