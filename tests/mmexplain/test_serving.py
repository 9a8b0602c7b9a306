"""The verb `serve`, with a model that doubles its input in the artefact's place."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from batcher.backends import BackendError
from mmexplain import serving
from mmexplain.serving import Serving
from triton_models.deployment import DeploymentOptions
from triton_models.endpoints import Endpoints
from triton_models.environment import STUB
from triton_models.processes import children_of

SERVE = """
import shutil, sys
from pathlib import Path
from mmexplain.progress import show_server
from mmexplain.serving import Serving, serve
from triton_models.deployment import DeploymentOptions
from triton_models.endpoints import Endpoints

repository, environment = map(Path, sys.argv[1:])
options = Serving(repository, endpoints=Endpoints(grpc=0, http=None, metrics=None), environment=environment)

def write(artefact, out, deployment):
    assert (deployment.target, deployment.instances > 0) == ("python", True)
    shutil.copytree(artefact, out)

serve(options, write, lambda url: None, show_server("json"), lambda url: print(url, flush=True))
"""


@pytest.fixture
def served(double_repository, triton_environment, tmp_path):
    """A process that serves, and its temporary folder."""
    environment = triton_environment.python.parents[1]
    command = [sys.executable, "-c", SERVE, double_repository, environment]
    with subprocess.Popen(  # noqa: S603  # our own
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(tmp_path)}
    ) as process:
        yield process
        process.kill()


def test_it_prints_its_url_and_ctrl_c_ends_it_well(served, tmp_path):
    url = served.stdout.readline().strip()
    listening = json.loads(served.stderr.readline())
    assert listening["event"] == "Listening"
    assert url == listening["url"] == f"grpc://127.0.0.1:{listening['ports']['grpc']}"
    (server,) = children_of(served.pid, "tritonserver")
    served.send_signal(signal.SIGINT)
    # Impatience doesn't keep it from cleaning up.
    served.send_signal(signal.SIGINT)
    out, err = served.communicate(timeout=30)
    assert (served.returncode, out, err) == (0, "", "")
    assert not server.alive
    assert list(tmp_path.glob("mmexplain*")) == []


def test_a_model_whose_process_was_killed_is_started_again_and_sigterm_ends_it_well(served):
    assert json.loads(served.stderr.readline())["event"] == "Listening"
    (server,) = children_of(served.pid, "tritonserver")
    stub, _ = children_of(server.pid, STUB)
    os.kill(stub.pid, signal.SIGKILL)
    events = [json.loads(served.stderr.readline()) for _ in range(2)]
    assert [event["event"] for event in events] == ["Broken", "Listening"]
    served.send_signal(signal.SIGTERM)
    assert served.wait(timeout=30) == 0


@pytest.fixture
def serve(mmexplain, double_repository, triton_environment, monkeypatch):
    """Runs `serve` in this process, as far as it comes."""
    monkeypatch.setattr(serving, "parts_of", lambda _: (None, None))
    environment = triton_environment.python.parents[1]

    def run(*options):
        return mmexplain("serve", double_repository, "--environment", environment, *options)

    return run


def test_a_taken_port_is_3_and_named(serve):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, _, err = serve("--port", port)
    assert code == 3
    assert f"port {port} of 127.0.0.1 is taken: choose another --port" in err


def test_no_server_is_3_and_says_how_to_get_one(serve, tmp_path):
    code, _, err = serve("--environment", tmp_path)
    assert code == 3
    assert "is no Python environment" in err
    assert "make triton" in err


def test_a_target_that_the_server_lacks_is_3(serve):
    code, _, err = serve("--target", "container")
    assert code == 3
    assert "no backend for ONNX graphs: use --target python" in err


@pytest.mark.parametrize(("option", "value"), [("--port", 65536), ("--http-port", -1), ("--metrics-port", "on")])
def test_what_is_no_port_is_2(serve, option, value):
    code, _, err = serve(option, value)
    assert code == 2
    assert str(value) in err


def test_ports_are_on_unless_they_are_off(serve, monkeypatch):
    asked = []
    monkeypatch.setattr(serving, "serve", lambda options, *_: asked.append(options.endpoints))
    assert serve()[0] == 0
    assert serve("--host", "0.0.0.0", "--port", 1, "--http-port", "off", "--metrics-port", 0)[0] == 0  # noqa: S104
    assert asked == [Endpoints("127.0.0.1", 8001, 8000, 8002), Endpoints("0.0.0.0", 1, None, 0)]  # noqa: S104


@pytest.mark.parametrize(
    ("has_onnxruntime", "asked", "target"),
    [(True, None, "container"), (True, "python", "python"), (False, None, "python")],
)
def test_the_repository_is_written_for_the_server_that_was_found(
    triton_environment, tmp_path, monkeypatch, has_onnxruntime, asked, target
):
    written = []

    def write(artefact, out, deployment):
        written.append((artefact, out, deployment.target, deployment.instances))
        raise BackendError("far enough")

    if has_onnxruntime:
        (tmp_path / "onnxruntime").mkdir()
        found = replace(triton_environment, backends=tmp_path, stub=None)
        monkeypatch.setattr(serving, "find_environment", lambda _: found)
    else:
        monkeypatch.setattr(serving, "find_environment", lambda _: triton_environment)
    endpoints = Endpoints(grpc=0, http=None, metrics=None)
    options = Serving(
        tmp_path / "model", DeploymentOptions(asked, instances=3), endpoints, repository=tmp_path / "kept"
    )
    with pytest.raises(BackendError, match="far enough"), serving.serving(options, write, lambda _: None):
        pass
    assert written == [(tmp_path / "model", tmp_path / "kept", target, 3)]
