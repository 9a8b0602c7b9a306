"""Whether every node of a cluster sees the files of a run, before any of its workers writes."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from batcher.backends import BackendError
from batcher.collection import Segment
from batcher.run.cluster import living_nodes
from batcher.run.config import ConfigError
from batcher.run.worker import WorkerSetup
from batcher.store.files import RUN
from export.artefact import DESCRIPTION

ANSWER_S: Final = 120
"""Until a node has started a process and looked; a mount whose server is gone never answers."""


def files_of(setup: WorkerSetup, segments: Iterable[Segment]) -> list[Path]:
    """What workers will need: the result, the model, and the media of some segments.

    Media that this machine doesn't see either are left out: they are their segments' failure, not the nodes'.
    """
    media = {segment.path for segment in segments}
    tls = setup.backend.addresses.tls if setup.backend.addresses else None
    secrets = [path for path in (tls.ca, tls.certificate, tls.key) if path] if tls else []
    return [setup.out / RUN, setup.artefact_folder / DESCRIPTION, *secrets, *sorted(media.difference(unseen(media)))]


def unseen(paths: Iterable[Path]) -> list[Path]:
    """Those that this process can't read."""
    return [path for path in paths if not os.access(path, os.R_OK)]


def check_sight(paths: list[Path]) -> None:
    """Have every node that could run a worker look for files.

    Args:
        paths: of files that this machine sees.

    Raises:
        BackendError: a node doesn't answer.
        ConfigError: a node doesn't see one of them.
    """
    look = ray.remote(num_cpus=0)(unseen)
    asked = {
        node: look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node.node_id, soft=False)).remote(paths)
        for node in living_nodes()
        if node.processors
    }
    for node, answer in asked.items():
        try:
            missing = ray.get(answer, timeout=ANSWER_S)
        except RayError as error:
            raise BackendError(
                f"Ray's node {node.host} can't look for {paths[0]}: {error}\n"
                "Mend the node, or take it out of the cluster"
            ) from error
        if missing:
            raise ConfigError(
                f"Ray's node {node.host} doesn't see {', '.join(map(str, missing))}; "
                "mount it at the same path on every node"
            )
