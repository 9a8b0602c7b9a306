"""Finding a server, and saying what one lacks."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import triton_models
from batcher.backends import BackendError
from triton_models.environment import find_environment

ROOT = Path(triton_models.__file__).parents[1]


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A current folder without a server, in it or on the PATH."""
    folder = tmp_path / "work" / "deep"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("triton_models.environment.FOLDER", ".triton-of-a-test")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return folder


def test_the_server_on_the_path_comes_with_its_backends(container, fake_environment, tmp_path, monkeypatch):
    fake_environment()
    monkeypatch.chdir(tmp_path)
    found = find_environment()
    assert found.binary == container / "bin" / "tritonserver"
    assert found.has_onnxruntime
    assert found.assemble_backends(tmp_path / "unused") == container / "backends"
    assert found.variables() == dict(os.environ)


def test_a_folder_that_is_named_wins_over_the_path(container, fake_environment):
    folder = fake_environment("named")
    found = find_environment(folder)
    assert container not in found.binary.parents
    assert folder in found.binary.parents
    assert not found.has_onnxruntime


def test_the_nearest_folder_above_is_found(nowhere, fake_environment, tmp_path):
    fake_environment(".triton-of-a-test")
    assert find_environment().python == tmp_path / ".triton-of-a-test" / "bin" / "python3"
    fake_environment("work/.triton-of-a-test")
    assert find_environment().python == nowhere.parent / ".triton-of-a-test" / "bin" / "python3"


def test_its_python_and_that_pythons_library_come_first(fake_environment, monkeypatch):
    folder = fake_environment()
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/local/cuda/lib64")
    variables = find_environment(folder).variables()
    assert variables["PATH"] == f"{folder / 'bin'}:/usr/bin"
    assert variables["LD_LIBRARY_PATH"] == "/opt/python/lib:/usr/local/cuda/lib64"
    monkeypatch.delenv("LD_LIBRARY_PATH")
    # An empty part would be the current folder.
    assert find_environment(folder).variables()["LD_LIBRARY_PATH"] == "/opt/python/lib"


def test_the_stub_stands_with_the_backend_and_the_environment_stays_as_it_is(fake_environment, tmp_path):
    folder = fake_environment()
    before = sorted(folder.rglob("*"))
    backends = find_environment(folder).assemble_backends(tmp_path / "run" / "backends")
    assert {file.name for file in (backends / "python").iterdir()} == {
        "libtriton_python.so",
        "triton_python_backend_utils.py",
        "triton_python_backend_stub",
    }
    assert all(file.exists() for file in (backends / "python").iterdir())
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("lacking", "message"),
    [
        ({"numpy": "2.4.6"}, r"has numpy 2\.4\.6, .* below 2: .* wrong tensors, .*`make triton`"),
        ({"numpy": None}, r"has numpy None, .* below 2: .*`make triton`"),
        ({"onnxruntime": False}, r"has no onnxruntime, .*`make triton`"),
        ({"pytriton": False}, r"has no nvidia-pytriton, .*`make triton`"),
        ({"version": "3.15"}, r"has Python 3\.15, .* serves Python 3\.11: .*PYTHON="),
    ],
)
def test_an_environment_that_would_not_work_is_refused_with_the_remedy(fake_environment, lacking, message):
    folder = fake_environment(**lacking)
    with pytest.raises(BackendError, match=f"{re.escape(str(folder))} {message}"):
        find_environment(folder)


def test_without_any_server_the_error_says_where_it_looked(nowhere):
    with pytest.raises(BackendError, match=f"no tritonserver on the PATH, .* in {nowhere} or above: .*make triton"):
        find_environment()


def test_a_folder_without_python_is_refused(tmp_path):
    with pytest.raises(BackendError, match=r"is no Python environment \(.*bin/python3 doesn't exist\)"):
        find_environment(tmp_path)


def test_a_python_that_doesnt_run_is_refused(fake_environment):
    folder = fake_environment()
    (folder / "bin" / "python3").write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    with pytest.raises(BackendError, match=r"python3 doesn't run: broken; .*make triton"):
        find_environment(folder)


def test_a_server_without_the_python_backend_is_refused(container):
    (container / "backends" / "python" / "libtriton_python.so").unlink()
    with pytest.raises(BackendError, match="has no python backend, which serves `explain`"):
        find_environment()


def test_the_real_environment_says_of_itself_what_its_packages_say(triton_environment):
    asked = subprocess.run(  # noqa: S603  # our own
        [triton_environment.python, "-c", "import numpy, onnxruntime; print(numpy.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.startswith("1.")
    assert list(triton_environment.libraries.glob("libpython3*"))
    assert os.access(triton_environment.binary, os.X_OK)


def test_the_server_has_the_projects_own_onnxruntime_and_an_older_numpy():
    pins = [(ROOT / place).read_text().splitlines() for place in ("constraints.txt", "triton_models/constraints.txt")]
    project, server = ({line for line in lines if line.startswith("onnxruntime")} for lines in pins)
    assert project == server
    assert [line for line in pins[1] if line.startswith("numpy==1.")]
