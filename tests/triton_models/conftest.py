"""A real server, and a model that doubles its input."""

import os
import shutil

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput

from batcher.backends import BackendError
from triton_models.endpoints import Endpoints
from triton_models.server import prepare

ANY_PORTS = Endpoints(grpc=0, http=0, metrics=0)


@pytest.fixture(scope="session")
def write_double(double_repository):
    """Writes a repository of the one model, `changed` in the code."""

    def write(folder, *changed):
        shutil.copytree(double_repository, folder)
        code = folder / "double" / "1" / "model.py"
        code.write_text(code.read_text().replace(*changed) if changed else code.read_text())
        return folder

    return write


@pytest.fixture(scope="session")
def double():
    """Asks the server at a URL for the double of numbers."""

    def ask(url, numbers):
        x = np.array(numbers, dtype=np.float32)
        given = InferInput("x", [len(x)], "FP32")
        given.set_data_from_numpy(x)
        with InferenceServerClient(url.removeprefix("grpc://")) as client:
            return client.infer("double", [given], client_timeout=10).as_numpy("y").tolist()

    return ask


@pytest.fixture(scope="session")
def check_double(double):
    """What a supervisor checks a server with."""

    def check(url):
        answer = double(url, [1, 2.5])
        if answer != [2, 5]:
            raise BackendError(f"twice 1 and 2.5 is {answer}")

    return check


@pytest.fixture(scope="module")
def prepared(triton_environment, tmp_path_factory, write_double):
    """Sets a server up on any free ports."""

    def build(*changed, endpoints=ANY_PORTS):
        folder = tmp_path_factory.mktemp("server")
        return prepare(triton_environment, write_double(folder / "repository", *changed), endpoints, folder)

    return build


@pytest.fixture
def fake_environment(tmp_path):
    """Builds a folder like `.triton`, whose Python says what it is told to."""

    def build(name=".triton", *, version="3.11", numpy="1.26.4", onnxruntime=True, pytriton=True):
        folder = tmp_path / name
        package = folder / "lib" / "pytriton"
        home = package / "tritonserver"
        write_server(home)
        (home / "python_backend_stubs" / "3.11").mkdir(parents=True)
        (home / "python_backend_stubs" / "3.11" / "triton_python_backend_stub").touch()
        python = folder / "bin" / "python3"
        python.parent.mkdir()
        facts = {
            "version": f'"{version}"',
            "libraries": '"/opt/python/lib"',
            "numpy": f'"{numpy}"' if numpy else "null",
            "onnxruntime": str(onnxruntime).lower(),
            "pytriton": f'"{package}"' if pytriton else "null",
        }
        said = ", ".join(f'"{key}": {value}' for key, value in facts.items())
        python.write_text(f"#!/bin/sh\necho '{{{said}}}'\n")
        python.chmod(0o755)
        return folder

    return build


@pytest.fixture
def container(tmp_path, monkeypatch):
    """A server as in NVIDIA's container, on the PATH."""
    home = tmp_path / "opt" / "tritonserver"
    write_server(home)
    (home / "backends" / "python" / "triton_python_backend_stub").touch()
    (home / "backends" / "onnxruntime").mkdir()
    monkeypatch.setenv("PATH", f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return home


def write_server(home):
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "tritonserver").touch(mode=0o755)
    (home / "backends" / "python").mkdir(parents=True)
    (home / "backends" / "python" / "libtriton_python.so").touch()
    (home / "backends" / "python" / "triton_python_backend_utils.py").touch()
