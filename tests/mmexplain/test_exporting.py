"""What `mmexplain export` hands on; `tests/export` tests what is made of it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mmexplain.cli import DEMO
from sseft.checkpoint import read_checkpoint
from sseft.presets import tiny

OURS = DEMO / "training" / "model.pt"
ORIGINAL = Path(__file__).parents[1] / "data" / "reference" / "tiny_all.pt"
SOURCES = {
    "a model of ours": ("--checkpoint", OURS),
    "an original checkpoint": ("--checkpoint", ORIGINAL),
    "random weights": ("--untrained", "tiny"),
}


@pytest.fixture
def said():
    """What `export` said, each time."""
    return []


@pytest.fixture
def export(mmexplain, monkeypatch, artefact, tmp_path, said):
    """Runs `export` up to the building, and returns the configuration of the model that would be exported."""
    built = []

    def build(model, *_, provenance, **__):
        built.append(model.config)
        return replace(artefact, provenance=provenance)

    monkeypatch.setattr("mmexplain.exporting.build_artefact", build)

    def run(*arguments):
        tokenizer = DEMO / "training" / "tokenizer.json"
        code, out, err = mmexplain("export", tmp_path / "out", "--tokenizer", tokenizer, *arguments)
        assert code == 0, err
        said.append(out)
        return built.pop()

    return run


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_a_trailing_newline_is_the_model_s_where_it_is_asked_for(export, source):
    plain, line = export(*source), export(*source, "--trailing-newline")
    assert not plain.tokens.trailing_newline
    assert line.tokens.trailing_newline
    assert (line.text.dim, line.labels, line.modalities) == (plain.text.dim, plain.labels, plain.modalities)


def test_a_pretrained_encoder_takes_the_place_of_a_random_one(export, said, tmp_path):
    _, weights = read_checkpoint(ORIGINAL)
    prefix = "model_wav2vec."
    weights = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    torch.save({"model": weights}, tmp_path / "wav2vec.pt")
    assert export("--untrained", "tiny", "--wav2vec", tmp_path / "wav2vec.pt") == tiny()
    assert "untrained: wav2vec wav2vec.pt, random weights of the preset tiny, seed 0" in said.pop()


@pytest.mark.parametrize("option", ["--roberta", "--wav2vec", "--fabnet"])
def test_a_pretrained_encoder_that_is_missing_is_2_and_says_what_to_get(mmexplain, tmp_path, option):
    code, _, err = mmexplain("export", tmp_path / "out", "--untrained", "tiny", option, tmp_path / "none.pt")
    assert code == 2
    assert "none.pt doesn't exist; get " in err


def test_a_checkpoint_holds_its_encoders(mmexplain, tmp_path):
    code, _, err = mmexplain("export", tmp_path / "out", "--checkpoint", ORIGINAL, "--fabnet", tmp_path / "none.pt")
    assert code == 2
    assert "go with --untrained" in err
