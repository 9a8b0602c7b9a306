"""In process: as many processes as cores, each with the model and one thread."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from multiprocessing import get_context

from threadpoolctl import threadpool_limits

from batcher.backends import Backend
from batcher.backends.choice import open_backend
from batcher.grid.calls import Slices
from bench.serving.work import Work
from media import Clip


@contextmanager
def in_process(work: Work, slices: Slices, workers: int) -> Iterator[Callable[[], float]]:
    """What explains all clips and returns the seconds, by processes that have loaded the model and explained one."""
    context = get_context("spawn")
    with ExitStack() as stack:
        # One each, so that every process is known to be ready.
        processes = [stack.enter_context(ProcessPoolExecutor(1, mp_context=context)) for _ in range(workers)]
        threads = stack.enter_context(ThreadPoolExecutor(workers))

        def explain(clips: int) -> float:
            waiting, started = iter(range(clips)), time.perf_counter()
            list(threads.map(lambda process: _deal(process, work, slices, waiting), processes))
            return time.perf_counter() - started

        explain(workers)
        yield lambda: explain(work.clips)


def _deal(process: ProcessPoolExecutor, work: Work, slices: Slices, waiting: Iterator[int]) -> None:
    """Have a process explain one clip after the other, as long as there are any."""
    for index in waiting:
        process.submit(_explain, work, slices, index).result()


def _explain(work: Work, slices: Slices, index: int) -> None:
    backend, clips = _loaded(work, slices)
    with threadpool_limits(1):
        work.explain(clips[index], index, backend)


@cache
def _loaded(work: Work, slices: Slices) -> tuple[Backend, list[Clip]]:
    backend = open_backend(work.model, slices=slices)
    return backend, work.made_up(backend.artefact)
