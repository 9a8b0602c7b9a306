"""Shared memory, with a client that maps nothing."""

import errno
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from batcher.backends.triton import regions
from batcher.backends.triton.regions import Regions

TIMEOUT_S = 7.0


class FakeClient:
    """Remembers what it was asked; `error` is what it answers."""

    def __init__(self):
        self.mapped, self.error, self.timeouts = set(), None, set()

    def register_system_shared_memory(self, name, key, size, client_timeout=None):
        self.timeouts.add(client_timeout)
        assert (regions.FOLDER / key.removeprefix("/")).stat().st_size == size
        if self.error:
            raise self.error
        self.mapped.add(name)

    def unregister_system_shared_memory(self, name, client_timeout=None):
        self.timeouts.add(client_timeout)
        self.mapped.remove(name)


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setattr(regions, "FOLDER", tmp_path)
    return FakeClient()


@pytest.fixture
def found(client):
    return Regions(client, TIMEOUT_S)


def of_size(size):
    return {"wave": np.zeros(size, np.uint8)}


def test_arrays_stand_where_they_are_said_to(found):
    rng = np.random.default_rng(0)
    arrays = {"wave": rng.normal(size=1001).astype(np.float32), "ids": rng.integers(9, size=(3, 5))}
    region = found.lend(arrays)
    for name, offset in region.write(arrays).items():
        array = arrays[name]
        read = np.frombuffer(region.memory, array.dtype, array.size, offset).reshape(array.shape)
        np.testing.assert_array_equal(read, array)


def test_no_name_is_left(found, tmp_path, client):
    found.lend(of_size(1 << 16))
    client.error = InferenceServerException("no such memory", status="StatusCode.INTERNAL")
    Regions(client, TIMEOUT_S).lend(of_size(1 << 16))
    assert list(tmp_path.iterdir()) == []


def test_a_region_is_lent_again_and_a_larger_one_takes_its_place(found, client):
    first = found.lend(of_size(1 << 16))
    found.take_back(first)
    assert found.lend(of_size(1 << 10)) is first
    found.take_back(first)
    larger = found.lend(of_size(1 << 17))
    assert client.mapped == {larger.name}
    assert len(larger.memory) == 1 << 17


def test_what_is_lent_isnt_lent_twice(found):
    assert found.lend(of_size(64)) is not found.lend(of_size(64))


def test_threads_never_share_a_region(found):
    def use(number):
        arrays = {"x": np.full(1 << 12, number)}
        for _ in range(300):
            region = found.lend(arrays)
            offsets = region.write(arrays)
            seen = np.frombuffer(region.memory, np.int64, 1 << 12, offsets["x"])
            assert (seen == number).all()
            found.take_back(region)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(use, range(8)))
    finally:
        sys.setswitchinterval(before)


def test_a_server_that_refuses_is_never_asked_again(found, client):
    client.error = InferenceServerException("no such memory", status="StatusCode.INTERNAL")
    assert found.lend(of_size(64)) is None
    client.error = None
    assert found.lend(of_size(64)) is None
    assert client.mapped == set()


def test_a_server_that_is_out_of_reach_is_a_failure_and_asked_again(found, client):
    client.error = InferenceServerException("gone", status="StatusCode.UNAVAILABLE")
    with pytest.raises(InferenceServerException):
        found.lend(of_size(64))
    client.error = None
    assert found.lend(of_size(64))


def test_without_memory_left_a_clip_goes_another_way(found, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        assert found.lend(of_size(64)) is None
        assert list(tmp_path.iterdir()) == []
    assert found.lend(of_size(64))


def test_nothing_large_needs_no_region(found, client):
    assert found.lend({}) is None
    assert client.timeouts == set()


def test_a_server_is_never_waited_for_longer_than_for_an_answer(found, client):
    found.take_back(found.lend(of_size(64)))
    found.close()
    assert client.timeouts == {TIMEOUT_S}
    assert client.mapped == set()
