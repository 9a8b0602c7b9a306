"""Real servers of the shipped artefact, which tests may hurt."""

import os
import re
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tritonclient.grpc import InferenceServerClient

from batcher.backends.triton import regions
from mmexplain.cli import main
from triton_models.deployment import Deployment
from triton_models.endpoints import Endpoints
from triton_models.environment import STUB
from triton_models.processes import children_of
from triton_models.repository import write_repository
from triton_models.server import ServerSetup, TritonServer, prepare

CLIENTS_REGION = re.compile(r"mmexplain-[0-9a-f]{16}")


@dataclass
class Patient:
    """A server that is hurt and mended, on one port for all its lives."""

    setup: ServerSetup
    server: TritonServer

    @property
    def host(self):
        return self.setup.endpoints.address

    def client(self):
        return InferenceServerClient(self.host)

    def signal(self, number, model=None):
        """Send a signal to the processes of a model; None: to the server's own."""
        of_server = self.server.process.pid
        pids = (
            [stub.pid for stub in children_of(of_server, STUB) if self._serves(stub, model)] if model else [of_server]
        )
        assert pids
        for pid in pids:
            os.kill(pid, number)

    def mend(self):
        """Start it again, if a process of it is dead."""
        if self.server.fault() or not self.server.stubs:
            self.server.kill()
            self.server = TritonServer.start(self.setup, lambda _: None)

    def unload(self, model):
        with self.client() as client:
            client.unload_model(model)
            while client.is_model_ready(model, "1"):
                pass

    def load(self, model):
        with self.client() as client:
            client.load_model(model)
        self.server.stubs = children_of(self.server.process.pid, STUB)

    def says_ready(self, model):
        with self.client() as client:
            return client.is_model_ready(model, "1")

    def answered(self, model="explain"):
        """How many requests a model has answered well since it was loaded."""
        with self.client() as client:
            (statistics,) = client.get_inference_statistics(model, "1").model_stats
        return statistics.inference_stats.success.count

    def _serves(self, stub, model):
        """Whether a stub runs a model, whose file its arguments begin with."""
        arguments = (Path("/proc") / str(stub.pid) / "cmdline").read_text()
        return f"{self.setup.repository / model}/" in arguments


@pytest.fixture(scope="session")
def demo_setup(triton_environment, tmp_path_factory, model):
    """Sets a server of the shipped artefact up, with so many processes of `explain`."""

    def build(requests=1, **changes):
        folder = tmp_path_factory.mktemp("triton")
        endpoints = Endpoints(grpc=0, http=None, metrics=None)
        setup = prepare(triton_environment, folder / "repository", endpoints, folder)
        write_repository(model, setup.repository, Deployment("python", requests=requests))
        return replace(setup, **changes)

    return build


@pytest.fixture(scope="session")
def started_pair(demo_setup):
    """Two servers of the shipped artefact: the first answers two requests at a time, the second one."""
    setups = [demo_setup(requests, model_control=True) for requests in (2, 1)]
    found = []
    try:
        found += [Patient(setup, TritonServer.start(setup, lambda _: None)) for setup in setups]
        yield found
    finally:
        for patient in found:
            patient.server.kill()


@pytest.fixture
def pair(started_pair):
    """The same, both well."""
    for patient in started_pair:
        patient.mend()
    return started_pair


@pytest.fixture(scope="session")
def patient_of():
    """The server that a supervisor keeps, as it is now."""
    return lambda supervisor: Patient(supervisor.setup, supervisor.server)


@pytest.fixture
def unused_host():
    """Where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def mmexplain_in_process(monkeypatch, capfd):
    """Runs the command in this process: its exit code and standard error."""
    monkeypatch.setenv("COLUMNS", "240")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["mmexplain", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return int(left.value.code or 0), capfd.readouterr().err

    return run


@pytest.fixture(scope="session")
def clients_regions():
    """The names of shared memory that clients have left."""
    return lambda: {path.name for path in regions.FOLDER.iterdir() if CLIENTS_REGION.fullmatch(path.name)}
