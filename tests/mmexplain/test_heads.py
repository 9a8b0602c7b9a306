"""Heads of each kind, from the export to the table."""

import io
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

import export.build
import mmexplain as package
from batcher.collection import read_collection
from batcher.decode import clip_of
from batcher.run import Run, explain_collection
from batcher.store.result import Result, load_result
from export.artefact import TOKENIZER, Artefact
from export.build import build_artefact
from export.names import HEAD
from export.onnx import save_graph
from report.table import result_table
from sseft.config import LABELS, headed
from sseft.heads import HEAD_KINDS
from sseft.model import SSEFT
from sseft.saved import load_model
from sseft.untrained import untrained

DEMO = Path(package.__file__).parent / "demo"
REFERENCE = Path(__file__).parents[1] / "data" / "reference" / "tiny_all.pt"
EMOTIONS = ("neutral", "sadness", "anger", "happiness")


@dataclass(frozen=True)
class Explained:
    """A head of one kind on the demo's encoders: the model in PyTorch, its artefact, and a result by it."""

    head: str
    model: SSEFT
    folder: Path
    artefact: Artefact
    run: Run

    @property
    def result(self) -> Result:
        return load_result(self.run.out)


@pytest.fixture(scope="module", params=HEAD_KINDS)
def explained(request, tmp_path_factory, short_rows, write_manifest, cheap):
    folder = tmp_path_factory.mktemp(request.param)
    demo = load_model(DEMO / "training" / "model.pt")
    model = untrained(headed(demo.config, request.param, None), 0)
    encoders = {name: value for name, value in demo.state_dict().items() if not name.startswith(f"{HEAD}.")}
    model.load_state_dict(model.state_dict() | encoders)

    def save(graph, path, precision):
        if graph.name == HEAD:
            save_graph(graph, path, precision)
        else:
            shutil.copyfile(DEMO / "model" / path.name, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export.build, "save_graph", save)
        patch.setattr(export.build, "measure_parity", lambda *_, **__: 0.0)  # minutes; PyTorch is asked below
        artefact = build_artefact(
            model, folder / "model", provenance="a test", trained=True, tokenizer=DEMO / "model" / TOKENIZER
        )
    manifest = write_manifest(folder / "manifest.jsonl", short_rows(3))
    run = Run(manifest, folder / "model", folder / "out", replace(cheap, classes="all"), workers=0)
    assert explain_collection(run).explained == 3
    return Explained(request.param, model, folder / "model", artefact, run)


def values_of_pytorch(model, clip):
    """What the model itself says of a clip, with nothing masked."""
    frames = torch.from_numpy(clip.video.frames) / 255
    with torch.no_grad():
        encodings = {
            "text": model.encode_text(torch.from_numpy(clip.text.ids)[None]),
            "audio": model.encode_audio(torch.from_numpy(clip.sound.wave)[None]),
            "video": model.encode_video(model.frame_features(frames)[None]),
        }
        logits = model(encodings)[0, 0, 0].double()
    of_kind = {
        "softmax": lambda: torch.softmax(logits, 0),
        "score": lambda: logits,
        "binary": lambda: torch.softmax(logits.view(-1, 2), 1)[:, 1],  # as the original reads (no, yes)
    }
    return of_kind[model.config.head]().numpy()


def test_with_nothing_masked_the_result_holds_what_pytorch_says(explained):
    rows = {row["segment_id"]: row for row in explained.result.table("segments").to_pylist()}
    segments = list(read_collection(explained.run.manifest))
    assert len(rows) == len(segments) == 3
    for segment in segments:
        row = rows[segment.segment_id]
        expected = values_of_pytorch(explained.model, clip_of(segment, explained.artefact, explained.folder))
        assert expected.shape == (len(explained.artefact.labels),)
        np.testing.assert_allclose(row["p_all"], expected, rtol=0, atol=1e-5)
        assert row["label_predicted"] == explained.artefact.labels[int(expected.argmax())]
        assert row["probability"] == max(row["p_all"])


def test_every_class_is_explained_and_its_values_add_up(explained):
    labels = explained.artefact.labels
    segments = {row["segment_id"]: row for row in explained.result.table("segments").to_pylist()}
    sums = dict.fromkeys(((name, label) for name in segments for label in labels), 0.0)
    for row in explained.result.table("attributions").to_pylist():
        sums[row["segment_id"], row["label"]] += row["phi"]
    assert len(sums) == 3 * len(labels)
    for (name, label), total in sums.items():
        at = labels.index(label)
        assert total == pytest.approx(segments[name]["p_all"][at] - segments[name]["p_none"][at], abs=1e-9)


def test_shares_are_of_absolute_values_whatever_the_head(explained):
    for row in explained.result.table("contributions").to_pylist():
        assert sum(row[f"share_{m}_plain"] for m in ("text", "audio", "video")) == pytest.approx(1)


def test_the_result_is_valid_and_names_its_head_and_labels(explained, mmexplain):
    code, out, _ = mmexplain("validate", explained.run.out)
    assert (code, out) == (0, f"{explained.run.out} is valid\n")
    run = json.loads((explained.run.out / "run.json").read_text())
    assert (run["head"], run["labels"]) == (explained.head, list(LABELS[explained.head]))


def test_the_table_shows_the_value_as_what_it_is(explained):
    console = Console(width=240, record=True, file=io.StringIO())
    console.print(result_table(explained.result))
    text = console.export_text()
    (header,) = [line for line in text.splitlines() if "┃" in line]
    assert header.split("┃")[3].strip() == {"softmax": "p", "score": "score", "binary": "P(yes)"}[explained.head]
    form = "+.3f" if explained.head == "score" else ".3f"
    for row in explained.result.table("segments").to_pylist():
        assert f" {row['probability']:{form}} " in text


def test_results_of_two_heads_never_mix(explained, mmexplain, tmp_path):
    other = shutil.copytree(explained.folder, tmp_path / "other")
    described = json.loads((other / "artefact.json").read_text())
    described |= (
        {"head": "binary", "labels": ["a"]} if explained.head == "score" else {"head": "score", "labels": ["a"]}
    )
    (other / "artefact.json").write_text(json.dumps(described))
    out = shutil.copytree(explained.run.out, tmp_path / "out")
    code, _, err = mmexplain(
        "explain", explained.run.manifest, "--model", other, "--out", out, "--max-masks", 8, "--masks", 8,
        "--video-players", "time", "--classes", "all", "--workers", 0,
    )  # fmt: skip
    assert code == 2
    assert "another configuration: artefact was" in err


# The options of `export`


@pytest.fixture
def built(monkeypatch, artefact):
    """Instead of an export, its model."""
    models = []

    def build(model, *_, **__):
        models.append(model)
        return artefact

    monkeypatch.setattr("mmexplain.exporting.build_artefact", build)
    return models


@pytest.mark.parametrize(
    ("options", "head", "labels", "logits"),
    [
        (["--untrained", "tiny", "--head", "binary"], "binary", EMOTIONS, 8),
        (
            ["--untrained", "tiny", "--head", "binary", "--labels", "calm,loud,odd"],
            "binary",
            ("calm", "loud", "odd"),
            6,
        ),
        (["--untrained", "tiny", "--head", "score"], "score", ("sentiment",), 1),
        (["--untrained", "tiny", "--labels", "calm,loud"], "softmax", ("calm", "loud"), 2),
        (["--untrained", "tiny"], "softmax", LABELS["softmax"], 7),
        (["--checkpoint", REFERENCE, "--text-heads", 4], "softmax", LABELS["softmax"], 7),
        (["--checkpoint", REFERENCE, "--text-heads", 4, "--labels", "a,b,c,d,e,f,g"], "softmax", tuple("abcdefg"), 7),
        (["--checkpoint", DEMO / "training" / "model.pt"], "softmax", LABELS["softmax"], 7),
        (["--checkpoint", DEMO / "training" / "model.pt", "--labels", "a,b,c,d,e,f,g"], "softmax", tuple("abcdefg"), 7),
    ],
)
def test_head_and_labels_are_what_was_asked_for(mmexplain, built, tmp_path, options, head, labels, logits):
    code, _, err = mmexplain("export", tmp_path / "out", *options)
    assert code == 0, err
    (model,) = built
    assert (model.config.head, model.config.labels) == (head, labels)
    assert model.head.out_proj.out_features == logits


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--untrained", "tiny", "--head", "score", "--labels", "a,b"], "a score head has one label, not the 2 of"),
        (["--untrained", "tiny", "--head", "sigmoid"], "'sigmoid' is not one of 'softmax', 'score', 'binary'"),
        (["--checkpoint", REFERENCE, "--text-heads", 4, "--head", "binary"], "binary head of 4 labels needs 8 logits"),
        (["--checkpoint", REFERENCE, "--text-heads", 4, "--head", "score"], "has 7 classes and 1 labels"),
        (["--checkpoint", REFERENCE, "--text-heads", 4, "--labels", "a"], "softmax head has two labels or more"),
        (["--checkpoint", DEMO / "training" / "model.pt", "--head", "binary"], "4 labels needs 8 logits"),
        (["--checkpoint", DEMO / "training" / "model.pt", "--labels", "a,b"], "2 labels needs 2 logits"),
        (["--checkpoint", DEMO / "training" / "model.pt", "--labels", "a"], "softmax head has two labels or more"),
    ],
)
def test_a_head_that_doesnt_suit_is_2_and_says_why(mmexplain, built, tmp_path, options, message):
    code, _, err = mmexplain("export", tmp_path / "out", *options)
    assert code == 2
    assert message in " ".join(err.split())
    assert not built
