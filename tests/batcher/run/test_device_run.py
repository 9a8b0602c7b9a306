"""A run on a device, which is the CPU by another name: its order, and its rows."""

from dataclasses import replace

import pytest

from batcher.backends import choice
from batcher.backends.choice import BackendChoice
from batcher.backends.onnxruntime import OnnxRuntimeBackend, device_memory
from batcher.run import Run, executors, explain_collection
from batcher.selection import Selection
from batcher.store.result import load_result
from batcher.store.validate import validate

LENGTHS_MS = (200, 400, 300, 100)
FROM_LONG_TO_SHORT = [1, 2, 0, 3]


@pytest.fixture
def rows(short_rows):
    return [row | {"start_ms": 0, "end_ms": ms} for row, ms in zip(short_rows(4), LENGTHS_MS, strict=True)]


@pytest.fixture
def on_the_cpu(tmp_path, rows, write_manifest, model, cheap):
    run = Run(write_manifest(tmp_path / "manifest.jsonl", rows), model, tmp_path / "cpu", cheap, workers=0)
    explain_collection(run)
    return run


@pytest.fixture
def decoded(monkeypatch):
    """A GPU whose arithmetic is the CPU's, and the segments that are decoded for it, in their order."""
    load, decode, names = OnnxRuntimeBackend.load, executors.decode_all, []

    def load_for(folder, *, device, threads, slices=None):
        assert device == "cuda"
        return replace(load(folder, threads=threads, slices=slices), memory=device_memory("cpu"))

    def noting(segments, *more):
        names.extend(segment.segment_id for segment in segments)
        return decode(segments, *more)

    monkeypatch.setattr(OnnxRuntimeBackend, "load", load_for)
    monkeypatch.setattr(choice, "open_graph", lambda *_, **__: None)
    monkeypatch.setattr(executors, "decode_all", noting)
    return names


def test_a_run_on_a_device_goes_from_long_to_short_and_gives_the_same_rows(
    on_the_cpu, decoded, tmp_path, rows, rows_of
):
    run = replace(on_the_cpu, backend=BackendChoice(device="cuda"), out=tmp_path / "device")
    explain_collection(run)
    assert decoded == [rows[i]["segment_id"] for i in FROM_LONG_TO_SHORT]
    assert rows_of(run.out) == rows_of(on_the_cpu.out)


def test_what_an_earlier_start_explained_is_not_explained_again(on_the_cpu, decoded, tmp_path, rows, rows_of):
    run = replace(on_the_cpu, backend=BackendChoice(device="cuda"), out=tmp_path / "device")
    explain_collection(replace(run, selection=Selection(limit=2)))
    explain_collection(run)
    assert decoded == [rows[i]["segment_id"] for i in (1, 0, 2, 3)]
    assert rows_of(run.out) == rows_of(on_the_cpu.out)
    assert validate(load_result(run.out)) == []
