"""A RobBERT-shaped encoder through the whole path: Dutch clips, training, export, explanation, page and questions."""

import csv
import json

import pytest
import torch
from transformers import RobertaConfig, RobertaModel

from batcher.store.result import load_result
from media.planted.clip import KINDS
from media.planted.corpus import make_corpus
from media.vocabulary import train_tokenizer
from sseft.saved import load_model

MASK = 4
"""RobBERT's `<mask>` isn't its last id."""
WORDS = 300


@pytest.fixture(scope="module")
def dutch(tmp_path_factory, write_manifest):
    """The first 0.8 s of three clips of the Dutch half, whose words carry their emotion."""
    kinds = [kind for kind in KINDS if kind.language == "nl" and kind.carriers == ("text",)]
    made = make_corpus(tmp_path_factory.mktemp("dutch"), clips=3, seed=5, kinds=kinds, workers=2)
    with made.open(newline="", encoding="utf-8") as file:
        rows = [row | {"end_ms": 800.0} for row in csv.DictReader(file)]
    return write_manifest(made.with_name("short.jsonl"), rows)


@pytest.fixture(scope="module")
def robbert(tmp_path_factory, dutch):
    """A folder of transformers as RobBERT's: its tokenizer's ids and its dimensions' names, few of each."""
    folder = tmp_path_factory.mktemp("robbert")
    torch.manual_seed(0)
    tokenizer = json.loads(train_tokenizer([dutch.read_text(encoding="utf-8")], WORDS).to_str())
    vocabulary = {piece: i + (i >= MASK) for piece, i in tokenizer["model"]["vocab"].items() if piece != "<mask>"}
    tokenizer["model"]["vocab"] = {**vocabulary, "<mask>": MASK}
    for mark in tokenizer["added_tokens"]:
        mark["id"] = tokenizer["model"]["vocab"][mark["content"]]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    config = RobertaConfig(
        vocab_size=max(vocabulary.values()) + 1,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=130,
        type_vocab_size=1,
    )
    RobertaModel(config).save_pretrained(folder)
    return folder


def test_dutch_from_training_to_its_page(mmexplain, dutch, robbert, tmp_path):
    trained, artefact, result = (tmp_path / name for name in ("trained", "artefact", "result"))

    def run(*given):
        code, out, err = mmexplain(*given)
        assert code == 0, err
        return out

    tuned = ("--tune", "text", "--tune", "audio", "--tune", "video")
    size = ("--preset", "tiny", "--roberta", robbert, "--heads", 4, "--epochs", 1, "--batch", 4)
    run("train", dutch, "--validation", dutch, "--out", trained, *size, *tuned)
    text = load_model(trained / "model.pt").config.text
    assert (text.dim, text.heads, text.mask_id) == (48, 4, MASK)

    run("export", artefact, "--checkpoint", trained / "model.pt", "--tokenizer", trained / "tokenizer.json")
    run("explain", dutch, "--model", artefact, "--out", result, "--workers", 0, "--masks", 16, "--limit", 2)
    rows = load_result(result).table("segments").to_pylist()
    assert {(row["status"], row["language"]) for row in rows} == {("explained", "nl")}
    tokens = load_result(result).table("attributions").to_pylist()
    said = {row["segment_id"]: row["text"] for row in rows}
    pieces = [row for row in tokens if row["modality"] == "text"]
    assert pieces
    for row in pieces:
        assert row["token"] == said[row["segment_id"]][row["char_start"] : row["char_end"]]

    run("report", result)
    assert (result / "report.html").exists()
    assert "attention beside MM-SHAP" in run("questions", result, "--attention", trained / "model.pt")
