"""The Python that runs served models in an environment of their own."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batcher.backends import BackendError

ASK_TIMEOUT_S: Final = 60.0
FACTS: Final = """
import json, sys, sysconfig
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

def installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None

pytriton = find_spec("pytriton")
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "libraries": sysconfig.get_config_var("LIBDIR"),
    "numpy": installed("numpy"),
    "onnxruntime": find_spec("onnxruntime") is not None,
    "pytriton": pytriton and pytriton.submodule_search_locations[0],
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """What a Python says of itself."""

    version: str
    """Like 3.11."""
    libraries: str
    """The folder of its libpython."""
    numpy: str | None
    """Its numpy's version."""
    onnxruntime: bool
    """Whether it has one."""
    pytriton: str | None
    """The folder of nvidia-pytriton, which brings the server."""

    @property
    def reads_tensors(self) -> bool:
        """Whether its numpy is one that Triton's python backend was built for."""
        return self.numpy is not None and int(self.numpy.partition(".")[0]) < 2  # noqa: PLR2004  # numpy 2


def ask_interpreter(python: Path) -> Interpreter:
    """Ask a Python.

    Raises:
        BackendError: it doesn't run.
    """
    try:
        asked = subprocess.run(  # noqa: S603  # the environment that the user names
            [python, "-I", "-c", FACTS], capture_output=True, text=True, check=True, timeout=ASK_TIMEOUT_S
        )
        return Interpreter(**json.loads(asked.stdout))
    except subprocess.CalledProcessError as error:
        raise BackendError(f"{python} doesn't run: {error.stderr.strip()}; build it again: `make triton`") from error
    except (OSError, ValueError, TypeError, subprocess.TimeoutExpired) as error:
        raise BackendError(f"{python} doesn't run: {error}; build it again: `make triton`") from error
