"""Explaining needs no torch."""

import pytest

COMMAND = "from mmexplain.cli import main; main()"
EXPLAIN = """
from dataclasses import replace
from pathlib import Path

import mmexplain

manifest, model = map(Path, sys.argv[1:])
segment = replace(next(mmexplain.read_collection(manifest)), start_ms=1000.0, end_ms=1400.0, text="1234567890123")
options = mmexplain.Options(masks=8, max_masks=8, video_players="time")
explanation = mmexplain.explain(segment, model, options)
print(repr(explanation.estimate.phi.tolist()))
"""


@pytest.mark.parametrize("package", ["torch", "transformers.models", "onnx", "onnxscript"])
def test_the_block_holds(without_torch, package):
    done = without_torch(f"import {package}")
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


def test_a_segment_is_explained_in_python(without_torch, demo_manifest, model, segment, backend, cheap):
    import mmexplain  # noqa: PLC0415

    done = without_torch(EXPLAIN, demo_manifest, model)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == repr(mmexplain.explain(segment, backend, cheap).estimate.phi.tolist())


def test_a_collection_is_explained_on_the_command_line(without_torch, finished, tmp_path, rows_of):
    options = ["--masks", 8, "--max-masks", 8, "--video-players", "time", "--workers", 0]
    model = ["--model", finished.artefact, "--out", tmp_path / "out"]
    done = without_torch(COMMAND, "explain", finished.manifest, *model, *options)
    assert done.returncode == 0, done.stderr
    assert rows_of(tmp_path / "out") == rows_of(finished.out)


def test_exporting_says_what_it_lacks(without_torch, tmp_path):
    done = without_torch(COMMAND, "export", tmp_path / "artefact", "--untrained", "tiny")
    assert done.returncode == 2
    assert "torch isn't installed; this verb needs: pip install 'mmexplain[train]'" in done.stderr
    assert not (tmp_path / "artefact").exists()
