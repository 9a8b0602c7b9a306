"""The bench of a GPU, on the device that every machine has."""

import json
import math
from contextlib import contextmanager

import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner

import bench.gpu
from batcher.plan.size import Size
from bench.demo import MODEL
from bench.gpu import DIFFERENCES, RATES, Compared, a_clip, difference, main, measure


@contextmanager
def small_clips():
    """Clips of a few words and frames, so that explaining them takes no time."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"USUAL": Size(5, 9600, 3), "REPEATS": 2}.items():
            patch.setattr(bench.gpu, name, value)
        yield


@pytest.fixture(scope="module")
def report():
    with small_clips():
        return measure([MODEL, MODEL], device="cpu", masks=[4, 6], compared=4, matrix=64)


def test_arrays_that_stay_on_the_cpu_give_what_numpys_give(report):
    rows = report.section(DIFFERENCES).rows
    assert [(row.precision, row.masks, row.logits, row.phi) for row in rows] == [("fp32", 4, 0, 0)] * 2
    assert all(min(row.spread, row.largest) > 0 for row in rows)


def test_rates_peaks_and_shares_belong_together(report):
    rows = report.section(RATES).rows
    assert [row.masks for row in rows] == [4, 6] * 2
    for row in rows:
        assert row.share == pytest.approx(row.tflop / (row.encode_s + row.grid_s) / row.peak)
        assert 0 < row.rate < 1 / (row.encode_s + row.grid_s) * 2
        assert min(row.first_s, row.new_shape_s, row.estimate_s) > 0


def test_flops_are_the_work_of_the_clips_grid(report, backend):
    with small_clips():
        clip = a_clip(backend.artefact)
    work, masks = backend.artefact.work, {"text": 4, "audio": 2, "video": 4}  # one half-second has two masks
    passes = 4 * 5 * work.token + 2 * len(clip.sound.wave) * work.sample
    pictures = 3 * (work.table + 4 * (work.picture + work.frame))
    flops = passes + pictures + (4 * 2 + 4 * 4 + 2 * 4) * work.pair + math.prod(masks.values()) * work.point
    assert report.section(RATES).rows[0].tflop == pytest.approx(flops / 1e12, rel=1e-3)


@pytest.mark.parametrize("part", [1.0, 0.9])
def test_the_made_up_clip_is_a_usual_sentence(artefact, part):
    clip = a_clip(artefact, part)
    assert len(clip.text.ids) == round(22 * part)
    assert len(clip.sound.wave) == round(57_600 * part)
    assert clip.video.frames.shape == (round(90 * part), 3, 256, 256)


def test_differences_are_the_largest_and_stand_beside_their_scale():
    logits = np.array([0.0, 1.0, -3.0], np.float32).reshape(1, 1, 1, 3)
    expected = Compared(logits, np.array([[0.5], [-0.75]]))
    found = Compared(logits + np.float32(0.25) * (logits == 1), np.array([[0.5], [-0.5]]))
    row = difference("fp16", 8, found, expected)
    assert (row.logits, row.spread, row.phi, row.largest) == (0.25, 4.0, 0.25, 0.75)


def test_one_command_writes_it_all(tmp_path):
    options = ["--device", "cpu", "--model", str(MODEL), "--masks", "4", "--compared", "4", "--matrix", "32"]
    with small_clips():
        result = CliRunner().invoke(main, [*options, "--json", str(tmp_path / "gpu.json")])
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "gpu.json").read_text())
    assert written["tables"].keys() == {DIFFERENCES, RATES}
    assert written["options"]["device"] == "cpu"


def test_without_a_gpu_it_says_what_is_missing_before_anything_is_exported(monkeypatch):
    monkeypatch.setattr(bench.gpu, "export_untrained", lambda *_, **__: pytest.fail("exported"))
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 1
    assert "install onnxruntime-gpu, or use --device cpu" in result.output
