import subprocess
import sys

import pytest

from mmexplain.cli import main

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


@pytest.fixture
def mmexplain(monkeypatch, capfd):
    """Runs the command in this process: its exit code, standard output and standard error."""

    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.setattr("mmexplain.cli.end_now", sys.exit)  # the real one would end the tests

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["mmexplain", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return int(left.value.code or 0), *capfd.readouterr()

    return run
