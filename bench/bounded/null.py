"""A run whose encoders cost nothing: everything else of it is real."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.grid import Grid, Maskable
from batcher.run.executors import Executor
from batcher.run.job import Job
from batcher.run.ray_workers import RayWorkers
from batcher.run.worker import Worker, WorkerSetup
from export.artefact import load_artefact
from media.modality import MODALITIES, Modality
from sseft.heads import logit_count


class NullBackend(OnnxRuntimeBackend):
    """Has an artefact's description and none of its graphs."""

    def grid(self, inputs: dict[Modality, Maskable]) -> Grid:
        """Logits [K_T, K_A, K_V, C] that grow with the players that are there, each class by another factor."""
        kept = [inputs[m].keep.mean(axis=1) if m in inputs else np.zeros(1) for m in MODALITIES]
        there = kept[0][:, None, None] + 2 * kept[1][:, None] - kept[2]
        factors = np.arange(logit_count(self.artefact.head, len(self.artefact.labels)))
        return Grid((there[..., None] * factors).astype(np.float32), 0.0, 0.0, 0)


def null_worker(setup: WorkerSetup) -> Worker:
    """A worker that decodes' clips reach, and that explains and writes as any other, without a model."""
    artefact = load_artefact(setup.artefact_folder)
    return Worker(setup, NullBackend(setup.artefact_folder, artefact, {}, {}, setup.slices))


@contextmanager
def null_encoders() -> Iterator[None]:
    """In this block the driver's workers are such."""
    with patch("batcher.run.driver._executor", _executor):
        yield


def _executor(job: Job, setup: WorkerSetup) -> Executor:
    return RayWorkers(setup, job.artefact, job.workers, job.run.ray_address, worker=null_worker)
