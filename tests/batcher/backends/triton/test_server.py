"""One real server and its shared memory: what becomes of a region when a request fails."""

import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from batcher.backends.triton.addresses import Addresses
from batcher.backends.triton.server import Server, ServerError

SAMPLES = 1 << 15
TIMEOUT_S = 1.0
SOUND = {
    "wave": np.zeros(SAMPLES, np.float32),
    "player": np.zeros(SAMPLES, np.int64),
    "keep": np.ones((1, 1), bool),
}


@pytest.fixture
def connected(pair):
    """A connection to the second server."""
    server = Server(pair[1].host, Addresses((), timeout_s=TIMEOUT_S * 10))
    yield server
    server.close()


@pytest.fixture
def mapped(pair):
    """How many regions the server has mapped."""
    with pair[1].client() as client:
        yield lambda: len(client.get_system_shared_memory_status().regions)


def test_a_region_serves_one_request_after_the_other(connected, mapped):
    before = mapped()
    for _ in range(3):
        connected.infer("audio_encoder", SOUND)
    assert mapped() == before + 1


def test_a_request_that_fails_keeps_its_region_for_the_next(connected, mapped):
    before = mapped()
    for _ in range(3):
        with pytest.raises(ServerError, match="INTERNAL"):
            connected.infer("audio_encoder", SOUND | {"player": np.full(SAMPLES, 7)})
    assert mapped() == before + 1


def test_a_server_that_has_none_of_the_regions_fails_once(connected, pair):
    for region in [connected.regions.lend(SOUND) for _ in range(3)]:
        connected.regions.take_back(region)
    # As one that was started anew.
    with pair[1].client() as client:
        client.unregister_system_shared_memory()
    with pytest.raises(ServerError, match="NOT_FOUND"):
        connected.infer("audio_encoder", SOUND)
    connected.infer("audio_encoder", SOUND)


def test_a_server_that_stopped_isnt_waited_for_with_a_region_either(connected, pair):
    connected.infer("audio_encoder", SOUND | {"wave": SOUND["wave"][:10_000], "player": SOUND["player"][:10_000]})
    connected.regions.timeout_s = connected.timeout_s = TIMEOUT_S
    pair[1].signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as pool:
            try:
                # A larger one: the first is given back, and another is asked for.
                with pytest.raises(ServerError, match="DEADLINE_EXCEEDED"):
                    pool.submit(connected.infer, "audio_encoder", SOUND).result(20 * TIMEOUT_S)
            finally:
                pair[1].signal(signal.SIGCONT)
    finally:
        pair[1].signal(signal.SIGCONT)
