"""Room for workers on the nodes of a cluster."""

import pytest

from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice
from batcher.run.cluster import Node, check_room, gpu_share, places


def nodes(*processors):
    return [Node(f"{i}", f"host{i}", count, 0) for i, count in enumerate(processors)]


@pytest.mark.parametrize(
    ("processors", "threads", "fitting"),
    [
        ((3,), 1, 2),
        ((3,), 2, 1),
        ((4, 4), 4, 1),  # two would fill both nodes
        ((6, 6), 4, 2),
        ((3, 3, 3), 2, 3),
        ((3, 3), 4, 0),  # no node alone is large enough
        ((1,), 1, 0),
        ((), 1, 0),
    ],
)
def test_workers_find_room_on_one_node_each_and_leave_a_processor(processors, threads, fitting):
    assert places(nodes(*processors), threads) == fitting


def test_workers_that_fill_every_processor_are_refused():
    with pytest.raises(BackendError, match="leave none of Ray's 4 processors for decoding; use --workers 1"):
        check_room(nodes(2, 2), workers=2, threads=2)


def test_workers_larger_than_the_rest_of_every_node_are_refused():
    with pytest.raises(BackendError, match="don't fit on Ray's nodes of 3, 3, 3 processors; use --workers 3"):
        check_room(nodes(3, 3, 3), workers=4, threads=2)


@pytest.mark.parametrize(("workers", "gpus", "share"), [(1, 1, 1), (1, 8, 1), (8, 8, 1), (2, 1, 1 / 2), (3, 2, 1 / 2)])
def test_workers_share_gpus_so_that_all_find_room(workers, gpus, share):
    assert gpu_share(workers, gpus) == share
    assert workers <= gpus * int(1 / share)


def test_workers_on_a_device_need_a_gpu():
    assert BackendChoice(device="cuda").uses_gpu
    assert not BackendChoice(device="cpu").uses_gpu
