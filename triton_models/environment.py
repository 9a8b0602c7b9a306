"""Where a tritonserver is, and what it needs to start."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batcher.backends import BackendError
from triton_models.interpreter import Interpreter, ask_interpreter

FOLDER: Final = ".triton"
PYTHON_BACKEND: Final = "python"
ONNX_BACKEND: Final = "onnxruntime"
STUB: Final = "triton_python_backend_stub"
REMEDY: Final = (
    "build one with `make triton` in mmexplain's checkout and name it by --environment, "
    "or run in NVIDIA's Triton container"
)


@dataclass(frozen=True)
class ServerEnvironment:
    """A tritonserver, and what stands around it."""

    binary: Path
    backends: Path
    """The folder of its backends, one folder each."""
    caches: Path | None = None
    """The folder of its response caches."""
    python: Path | None = None
    """What runs the served Python code. None: the server's own."""
    libraries: Path | None = None
    """The folder of that Python's libpython."""
    stub: Path | None = None
    """The python backend's program for that Python's version, where it doesn't stand in the backend's folder."""

    @property
    def has_onnxruntime(self) -> bool:
        """Whether the server runs ONNX graphs itself."""
        return (self.backends / ONNX_BACKEND).is_dir()

    def variables(self) -> dict[str, str]:
        """Environment variables of the server's process.

        The stub takes the first python3 of PATH, and whichever libpython is found first.
        """
        found = dict(os.environ)
        if self.python:
            found["PATH"] = _before(self.python.parent, found.get("PATH"))
        if self.libraries:
            found["LD_LIBRARY_PATH"] = _before(self.libraries, found.get("LD_LIBRARY_PATH"))
        return found

    def assemble_backends(self, folder: Path) -> Path:
        """A folder of backends that is whole: the server's own, or links to it with the stub among them.

        Args:
            folder: where the links go, if they are needed. The environment itself may be read-only, or shared.
        """
        if self.stub is None:
            return self.backends
        whole = folder / PYTHON_BACKEND
        whole.mkdir(parents=True)
        for file in (*(self.backends / PYTHON_BACKEND).iterdir(), self.stub):
            if file.is_file():
                (whole / file.name).symlink_to(file)
        for backend in self.backends.iterdir():
            if backend.name != PYTHON_BACKEND:
                (folder / backend.name).symlink_to(backend)
        return folder


def find_environment(folder: Path | None = None) -> ServerEnvironment:
    """The server to start.

    Args:
        folder: an environment with nvidia-pytriton. None: the tritonserver on the PATH, else the nearest `.triton` in
            the current folder and those above.

    Raises:
        BackendError: there is none, or it would not work.
    """
    if folder is not None:
        return environment_in(folder)
    binary = shutil.which("tritonserver")
    if binary:
        return installed_server(Path(binary))
    here = Path.cwd()
    for place in (here, *here.parents):
        if (place / FOLDER).is_dir():
            return environment_in(place / FOLDER)
    raise BackendError(f"no tritonserver on the PATH, and no folder {FOLDER} in {here} or above: {REMEDY}")


def installed_server(binary: Path) -> ServerEnvironment:
    """The server of a program, laid out as in NVIDIA's container.

    Raises:
        BackendError: its backends aren't where they should be.
    """
    binary = binary.resolve()
    home = binary.parent.parent
    _check_backend(home / "backends", str(binary))
    return ServerEnvironment(binary, home / "backends", _folder(home / "caches"))


def environment_in(folder: Path) -> ServerEnvironment:
    """The server of a Python environment with nvidia-pytriton.

    Raises:
        BackendError: it isn't one, or it can't run the served models.
    """
    python = folder.absolute() / "bin" / "python3"
    if not python.exists():
        raise BackendError(f"{folder} is no Python environment ({python} doesn't exist): {REMEDY}")
    asked = ask_interpreter(python)
    _check_packages(folder, asked)
    home = Path(str(asked.pytriton)) / "tritonserver"
    _check_backend(home / "backends", str(folder))
    stub = home / "python_backend_stubs" / asked.version / STUB
    if not stub.is_file():
        versions = ", ".join(sorted(place.name for place in stub.parents[1].glob("*")))
        raise BackendError(
            f"{folder} has Python {asked.version}, and its nvidia-pytriton serves Python {versions}: "
            "build it with another (`make triton PYTHON=...`)"
        )
    return ServerEnvironment(
        binary=home / "bin" / "tritonserver",
        backends=home / "backends",
        caches=_folder(home / "caches"),
        python=python,
        libraries=Path(asked.libraries),
        stub=stub,
    )


def _check_packages(folder: Path, asked: Interpreter) -> None:
    if asked.pytriton is None:
        raise BackendError(f"{folder} has no nvidia-pytriton, which brings tritonserver: {REMEDY}")
    if not asked.reads_tensors:
        raise BackendError(
            f"{folder} has numpy {asked.numpy}, and Triton's python backend needs numpy below 2: with numpy 2 it "
            "answers with wrong tensors, and calls them good; build it again: `make triton`"
        )
    if not asked.onnxruntime:
        raise BackendError(f"{folder} has no onnxruntime, which runs the graphs: build it again: `make triton`")


def _check_backend(backends: Path, whose: str) -> None:
    library = backends / PYTHON_BACKEND / "libtriton_python.so"
    if not library.is_file():
        raise BackendError(f"{whose} has no python backend, which serves `explain` ({library} doesn't exist): {REMEDY}")


def _folder(path: Path) -> Path | None:
    return path if path.is_dir() else None


def _before(folder: Path, paths: str | None) -> str:
    return f"{folder}{os.pathsep}{paths}" if paths else str(folder)
