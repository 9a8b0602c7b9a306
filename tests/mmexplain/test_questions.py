"""The verb `questions`, on the shipped model's explanation of its own clips."""

import csv
import json
from dataclasses import replace

import pytest

from batcher.options import Options
from batcher.run import Run, explain_collection
from batcher.selection import Selection
from sseft.presets import tiny
from sseft.saved import save_model
from sseft.untrained import untrained

CHECKPOINT = "mmexplain/demo/training/model.pt"


@pytest.fixture(scope="module")
def result(demo_manifest, model, tmp_path_factory):
    out = tmp_path_factory.mktemp("questions") / "result"
    options = Options(masks=16)
    explain_collection(Run(demo_manifest, model, out, options, Selection(limit=4), workers=0), lambda _: None)
    return out


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_question_has_a_table_and_attention_stands_beside(mmexplain, result, tmp_path):
    given = ("--csv", tmp_path / "tables", "--json", tmp_path / "answers.json")
    code, out, err = mmexplain("questions", result, "--attention", CHECKPOINT, *given)
    assert code == 0, err
    assert "base values" in out
    assert "attention beside MM-SHAP" in out
    names = {path.stem for path in (tmp_path / "tables").iterdir()}
    assert names >= {"shares", "base_values", "tokens", "agreement", "agreement_of_shares", "agreement_of_segments"}
    groups = [row["segments of"] for row in rows_of(tmp_path / "tables" / "shares.csv")]
    assert groups[0] == "all"
    assert any(name.startswith("led by") for name in groups)
    segments = rows_of(tmp_path / "tables" / "agreement_of_segments.csv")
    assert len(segments) == 4
    for row in segments:
        assert sum(float(row[f"{letter} by attention"]) for letter in "TAV") == pytest.approx(1)
        assert sum(float(row[f"{letter}-SHAP"]) for letter in "TAV") == pytest.approx(1)
        assert -1 <= float(row["order of tokens"]) <= 1
    answers = json.loads((tmp_path / "answers.json").read_text())
    assert answers["agreement"][0]["segments"] == 4
    assert answers["summary"]["base_values"]["neutral"]["mean"] > 0.5


def test_without_a_model_attention_is_left_out(mmexplain, result):
    code, out, err = mmexplain("questions", result)
    assert code == 0, err
    assert "shares of what the model decides by" in out
    assert "attention" not in out


def test_the_attention_of_another_model_is_refused(mmexplain, result, tmp_path):
    save_model(untrained(tiny(), 1), tmp_path / "other.pt")
    code, _, err = mmexplain("questions", result, "--attention", tmp_path / "other.pt")
    assert code == 2
    assert "give the one that the artefact was exported from" in err


def test_a_model_of_one_modality_has_no_attention_between_them(mmexplain, result, tmp_path):
    save_model(untrained(replace(tiny(), modalities=("text",)), 1), tmp_path / "text.pt")
    code, _, err = mmexplain("questions", result, "--attention", tmp_path / "text.pt")
    assert code == 2
    assert "has one modality" in err
