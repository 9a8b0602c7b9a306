"""A real tritonserver: started, right, stopped."""

import os
import secrets
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from batcher.backends import BackendError
from triton_models.environment import STUB
from triton_models.processes import children_of
from triton_models.regions import regions_of
from triton_models.server import TritonServer

ORPHAN = """
import sys, time
from pathlib import Path
from triton_models.endpoints import Endpoints
from triton_models.environment import environment_in
from triton_models.server import TritonServer, prepare

environment, repository, folder = map(Path, sys.argv[1:])
setup = prepare(environment_in(environment), repository, Endpoints(grpc=0, http=None, metrics=None), folder)
server = TritonServer.start(setup, lambda url: None)
print(server.process.pid, server.name, flush=True)
time.sleep(600)
"""


@contextmanager
def running(setup, check):
    server = TritonServer.start(setup, check)
    try:
        yield server
    finally:
        server.kill()


def has_processes(pid):
    """Whether a server runs, or a process of its models."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_gone(server):
    return not has_processes(server.process.pid) and not regions_of(server.name)


@pytest.fixture(scope="module")
def server(prepared, check_double):
    with running(prepared(), check_double) as found:
        yield found


def test_a_server_that_is_ready_infers_right(server, double):
    numbers = np.linspace(-3, 3, 1000, dtype=np.float32)
    assert double(server.setup.endpoints.url, numbers) == (2 * numbers).tolist()
    assert server.fault() is None


def test_it_listens_on_this_machine_alone(server):
    for port in server.setup.endpoints.ports.values():
        with pytest.raises(OSError, match=r"refused|unreachable"):
            socket.create_connection(("127.0.0.2", port), timeout=2)


def test_two_servers_share_neither_ports_nor_memory(server, prepared, check_double, double):
    with running(prepared(), check_double) as other:
        assert not set(server.setup.endpoints.ports.values()) & set(other.setup.endpoints.ports.values())
        # A region for each instance of the model.
        assert [len(regions_of(each.name)) for each in (server, other)] == [2, 2]
        other.stop()
        assert is_gone(other)
    assert len(regions_of(server.name)) == 2
    assert double(server.setup.endpoints.url, [4]) == [8]


def test_a_server_on_a_taken_port_is_refused_before_it_starts(server, prepared):
    with pytest.raises(BackendError, match="choose another --port"):
        prepared(endpoints=server.setup.endpoints)


def test_a_port_that_is_taken_in_between_is_in_the_error_and_the_other_server_isnt_taken_for_it(
    server, prepared, check_double
):
    late = replace(prepared(), endpoints=server.setup.endpoints)
    with pytest.raises(BackendError, match=f"Socket '127.0.0.1:{server.setup.endpoints.grpc}' already in use"):
        TritonServer.start(late, check_double)
    assert server.fault() is None


@pytest.fixture
def named(monkeypatch):
    """The name of a server that doesn't come to tell it."""
    suffix = secrets.token_hex(6)
    monkeypatch.setattr("triton_models.server.secrets.token_hex", lambda _: suffix)
    return f"mmexplain-{suffix}"


def test_what_a_model_fails_with_is_in_the_error(prepared, check_double, named):
    setup = prepared("pass\n", "raise ValueError('the weights are missing')\n")
    with pytest.raises(BackendError, match=r"ended before it was ready \(exit status 1\)") as raised:
        TritonServer.start(setup, check_double)
    assert "failed to load 'double' version 1" in str(raised.value)
    assert "ValueError: the weights are missing" in str(raised.value)
    assert "CudaDriverHelper" not in str(raised.value)
    assert regions_of(named) == []


def test_a_server_that_infers_wrong_is_no_server(prepared, check_double, named):
    setup = prepared("2 * x", "3 * x")
    with pytest.raises(BackendError, match=r"twice 1 and 2\.5 is \[3\.0, 7\.5\]"):
        TritonServer.start(setup, check_double)
    assert regions_of(named) == []
    setup.endpoints.resolved()  # free again


def test_a_stop_leaves_nothing(prepared, check_double):
    with running(prepared(), check_double) as server:
        assert len(server.stubs) == 2
        server.stop()
        assert server.process.returncode == 0
        assert is_gone(server)
        assert not any(stub.alive for stub in server.stubs)
        server.setup.endpoints.resolved()  # free again


def test_a_stop_leaves_nothing_of_a_model_whose_process_was_killed(prepared, check_double, eventually):
    with running(prepared(), check_double) as server:
        os.kill(server.stubs[0].pid, signal.SIGKILL)
        eventually(server.fault)
        assert str(server.stubs[0].pid) in server.fault()
        server.stop()
        eventually(lambda: is_gone(server))  # orphans are reaped by another process


def test_clients_may_unload_models_only_where_that_is_on(server, prepared, check_double, double):
    refused = pytest.raises(InferenceServerException, match="explicit")
    with InferenceServerClient(server.setup.endpoints.address) as client, refused:
        client.unload_model("double")
    controlled = replace(prepared(), model_control=True)
    with running(controlled, check_double) as other, InferenceServerClient(other.setup.endpoints.address) as client:
        client.unload_model("double")
        with pytest.raises(InferenceServerException):
            double(other.setup.endpoints.url, [1])


def test_a_server_ends_with_the_process_that_started_it(triton_environment, write_double, tmp_path, eventually):
    repository = write_double(tmp_path / "repository")
    arguments = [triton_environment.python.parents[1], repository, tmp_path]
    with subprocess.Popen([sys.executable, "-c", ORPHAN, *arguments], stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603
        pid, name = parent.stdout.readline().split()
        assert len(children_of(int(pid), STUB)) == len(regions_of(name)) == 2
        parent.kill()
    try:
        eventually(lambda: not regions_of(name) and not has_processes(int(pid)))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(int(pid), signal.SIGKILL)
