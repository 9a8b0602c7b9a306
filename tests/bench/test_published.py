import os
import shutil

import pytest

import bench.published
from bench.demo import MODEL
from bench.machine import GIB
from bench.published import Exported, export, in_process_of_its_own, rows
from export.artefact import load_artefact
from mmexplain.exporting import Unrecorded
from sseft.pretrained.parts import Parts


@pytest.fixture
def exported(monkeypatch):
    """The shipped artefact is what an export gives; what was asked for is noted."""
    asked = []

    def give(out, preset, unrecorded, *, seed, parts, precision):
        asked.append((preset, unrecorded, seed, parts, precision))
        shutil.copytree(MODEL, out)
        return load_artefact(out)

    monkeypatch.setattr(bench.published, "export_untrained", give)
    return asked


def test_an_export_is_measured_by_its_files_its_memory_and_its_parity(exported):
    done = export("published", "fp16")
    assert exported == [("published", Unrecorded(), 0, Parts(), "fp16")]
    assert done.precision == "fp16"
    assert done.files_bytes == sum(path.stat().st_size for path in MODEL.iterdir())
    assert done.parity == load_artefact(MODEL).parity
    assert 0.05 * GIB < done.peak_bytes < 64 * GIB
    assert done.seconds > 0


def test_a_size_is_compared_with_the_first():
    whole, half = rows(
        [Exported(p, "random", 2.0, 3 * GIB, size, 1e-5) for p, size in (("fp32", GIB), ("fp16", GIB // 2))]
    )
    assert (whole.files_gib, whole.of_first, whole.peak_gib) == (1, 1, 3)
    assert (half.files_gib, half.of_first) == (0.5, 0.5)


def test_each_export_has_a_process_of_its_own():
    pids = {in_process_of_its_own(os.getpid) for _ in range(2)}
    assert len(pids | {os.getpid()}) == 3
