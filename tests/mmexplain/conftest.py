import subprocess
import sys

import pytest

WITHOUT_TORCH = """
import sys

class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "transformers", "onnx", "onnxscript", "onnx_ir"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nowhere())
"""


@pytest.fixture(scope="session")
def without_torch():
    """Runs Python code in a process that finds no torch and nothing that exporting needs."""

    def run(code, *arguments):
        command = [sys.executable, "-c", WITHOUT_TORCH + code, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own code

    return run
