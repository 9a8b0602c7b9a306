"""Ray's cluster: starting or joining it, its nodes, and whether workers have room on them."""

import logging
import math
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import ray

from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice
from batcher.run.machine import cores

OBJECT_STORE_BYTES: Final = 1 << 30
"""Per worker: the clips of its units in flight, 18 MB each for 90 frames."""


@dataclass(frozen=True)
class Node:
    """A machine of the cluster, as Ray knows it."""

    node_id: str
    host: str
    processors: int
    gpus: int


def living_nodes() -> list[Node]:
    """Those that Ray thinks alive; it takes up to a minute to miss one."""
    return [
        Node(
            node["NodeID"],
            node["NodeManagerHostname"],
            int(node["Resources"].get("CPU", 0)),
            int(node["Resources"].get("GPU", 0)),
        )
        for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["Alive"]
    ]


def places(nodes: Sequence[Node], threads: int) -> int:
    """How many workers have room, with a processor left to decode for them.

    Args:
        nodes: of the cluster.
        threads: of a worker, which are processors of one node.
    """
    processors = sum(node.processors for node in nodes)
    return max(0, min(sum(node.processors // threads for node in nodes), (processors - 1) // threads))


def check_room(nodes: Sequence[Node], workers: int, threads: int) -> None:
    """Refuse more workers than find room: they would wait for processors, or for clips, for ever.

    Raises:
        BackendError: there are too many.
    """
    fitting = places(nodes, threads)
    if workers <= fitting:
        return
    processors = [node.processors for node in nodes]
    if sum(processors) <= workers * threads:
        problem = f"leave none of Ray's {sum(processors)} processors for decoding"
    else:
        problem = f"don't fit on Ray's nodes of {', '.join(map(str, processors))} processors"
    raise BackendError(
        f"{workers} workers of {threads} threads {problem}; use --workers {max(1, fitting)}, or more nodes"
    )


def gpu_share(workers: int, gpus: int) -> float:
    """How much of a GPU each worker asks Ray for: all of one, or an equal part where workers share it.

    Raises:
        BackendError: there is none.
    """
    if not gpus:
        raise BackendError("Ray finds no GPU, and workers on a device need one; use --workers 0, or --device cpu")
    return 1 / max(1, math.ceil(workers / gpus))


def actor_options(backend: BackendChoice, workers: int) -> dict[str, Any]:
    """What each worker asks Ray for.

    Raises:
        BackendError: it needs a GPU, and there is none.
    """
    gpus = gpu_share(workers, sum(node.gpus for node in living_nodes())) if backend.uses_gpu else 0.0
    # Not by Ray's own restarts: what an actor is sent before Ray knows of its death (2.60: up to seconds) fails
    # as if the actor had died of it.
    return {"num_cpus": backend.threads, "num_gpus": gpus, "max_restarts": 0, "max_task_retries": 0}


@contextmanager
def cluster(address: str | None, workers: int, backend: BackendChoice) -> Iterator[None]:
    """Ray, started quietly on this machine unless it runs already or an address names a cluster.

    Raises:
        BackendError: Ray can't be reached or started, or the workers have no room.
    """
    if ray.is_initialized():
        check_room(living_nodes(), workers, backend.threads)
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    options: dict[str, Any] = {"address": address or "local"}
    if address is None:
        # Decoding gets processors of its own, or actors that hold them all would starve it.
        processors = workers * backend.threads + _decoders(workers, backend)
        store = workers * OBJECT_STORE_BYTES
        options |= {"num_cpus": processors, "include_dashboard": False, "object_store_memory": store}
    try:
        _start(options)
        check_room(living_nodes(), workers, backend.threads)
        yield
    finally:
        ray.shutdown()


def _start(options: Mapping[str, Any]) -> None:
    """Start or join Ray.

    Raises:
        BackendError: it can't be.
    """
    terminated = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(logging_level=logging.ERROR, log_to_driver=False, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BackendError(f"Ray can't be reached or started at {options['address']}: {error}") from error
    except SystemExit as error:
        if callable(terminated):
            raise KeyboardInterrupt from error
        raise
    finally:
        # Ray's own handler would end the program with SIGTERM's number, whatever the program wanted of it.
        if callable(terminated) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, terminated)


def _decoders(workers: int, backend: BackendChoice) -> int:
    """Processes that decode: few beside workers that fill the cores, all other cores where others do the work."""
    others = workers // 2 if backend.uses_cores else cores() - workers * backend.threads
    return max(1, others)
