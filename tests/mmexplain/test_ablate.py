"""The verb `ablate`: seven models, one table, and what the full one decides by."""

import csv
import json

import pytest

MODEL = "mmexplain/demo/training/model.pt"


@pytest.fixture(scope="module")
def manifest(demo_manifest, tmp_path_factory, write_manifest):
    with demo_manifest.open(newline="", encoding="utf-8") as file:
        rows = [{**row, "media": str(demo_manifest.parent / row["media"])} for row in csv.DictReader(file)][:3]
    return write_manifest(tmp_path_factory.mktemp("clips") / "manifest.jsonl", rows)


def test_each_subset_is_trained_once_and_the_full_model_is_explained(mmexplain, manifest, tmp_path):
    given = ("--validation", manifest, "--out", tmp_path / "out", "--model", MODEL, "--recipe", "planted")
    options = (*given, "--epochs", 1, "--limit", 1, "--workers", 1)
    code, out, err = mmexplain("ablate", manifest, *options)
    assert code == 0, err
    found = json.loads((tmp_path / "out" / "ablation.json").read_text())
    singles, pairs = ["text", "audio", "video"], ["text+audio", "text+video", "audio+video"]
    assert list(found["variants"]) == [*singles, *pairs, "text+audio+video"]
    assert found["explained"] == 1
    assert set(found["shares"]) == {"text", "audio", "video"}
    for name, figures in found["variants"].items():
        own = json.loads((tmp_path / "out" / name / "figures.json").read_text())["figures"]["validation"]
        assert figures == own
    assert "shares of the full model by MM-SHAP" in " ".join(out.split())
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*/model.pt")}
    assert len(written) == 7
    assert mmexplain("ablate", manifest, *options)[0] == 0
    assert {path: path.stat().st_mtime_ns for path in written} == written
