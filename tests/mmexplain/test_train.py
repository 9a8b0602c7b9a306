"""The verbs `pretrain` and `train`: what they write, and what they refuse before they start."""

import csv
import io
import json
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
import torch

from media import load_tokenizer
from mmexplain.cli import main
from mmexplain.verbs.train import train as train_verb
from sseft.config import MELD_LABELS
from sseft.presets import tiny
from sseft.saved import load_model
from sseft.training.fit import Precision
from sseft.training.planted.pretraining import Pretraining
from sseft.training.recipes import RECIPES
from sseft.training.sampling import Sampling
from sseft.training.schedule import Schedule

SHORT = Schedule(epochs=1, batch=4, learning_rate=1e-3)
STAGES = ("text", "windows", "audio", "video")
DEMO_MODEL = Path("mmexplain/demo/training/model.pt")
MELD = "Utterance,Emotion,Dialogue_ID,Utterance_ID,StartTime,EndTime"


@dataclass(frozen=True)
class Done:
    """A verb that ended well: the folder that it wrote, and what it said."""

    out: Path
    said: str

    @property
    def figures(self):
        return json.loads((self.out / "figures.json").read_text())

    @property
    def log(self):
        with (self.out / "log.csv").open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def rows(demo_manifest):
    """Six rows of the demo's manifest, whose media are paths."""
    with demo_manifest.open(newline="", encoding="utf-8") as file:
        return [{**row, "media": str(demo_manifest.parent / row["media"])} for row in csv.DictReader(file)][:6]


@pytest.fixture(scope="module")
def run():
    """Runs a verb in this process."""

    def call(*given):
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
            patch.setattr(sys, "argv", ["mmexplain", *map(str, given)])
            with pytest.raises(SystemExit) as left:
                main()
        assert not left.value.code, said.getvalue()
        return Done(Path(given[given.index("--out") + 1]), said.getvalue())

    return call


@pytest.fixture(scope="module")
def manifests(tmp_path_factory, rows, write_manifest):
    """Four clips to train on, two others."""
    folder = tmp_path_factory.mktemp("clips")
    return write_manifest(folder / "training.jsonl", rows[:4]), write_manifest(folder / "validation.jsonl", rows[4:])


@pytest.fixture(scope="module")
def pretrained(run, manifests, tmp_path_factory):
    out = tmp_path_factory.mktemp("pretrained") / "new"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "sseft.training.planted.pretraining.Pretraining", partial(Pretraining, **dict.fromkeys(STAGES, SHORT))
        )
        return run("pretrain", manifests[0], "--out", out, "--seed", 7)


@pytest.fixture
def train(run, manifests, tmp_path):
    """Trains fusion on the demo's encoders."""

    def call(*given, out=tmp_path / "out"):
        training, validation = manifests
        model = ("--model", DEMO_MODEL, "--heads", 4, "--epochs", 2, "--batch", 2)
        return run("train", training, "--validation", validation, "--out", out, *model, *given)

    return call


def weights_of(out):
    return torch.load(out / "model.pt", weights_only=True)["model"]


def same(first, second):
    one, other = weights_of(first), weights_of(second)
    return [name for name in one if not torch.equal(one[name], other[name])] == []


def test_encoders_are_pretrained_into_a_model_its_tokenizer_its_log_and_its_figures(pretrained):
    names = {file.name for file in pretrained.out.iterdir()}
    assert names == {"model.pt", "tokenizer.json", "log.csv", "tensorboard", "figures.json"}
    assert load_model(pretrained.out / "model.pt").config == tiny()
    assert sorted(row["stage"] for row in pretrained.log) == ["audio", "audio windows", "text", "video"]
    assert pretrained.figures["options"]["seed"] == 7
    assert pretrained.figures["clips"] == 4


def test_fusion_goes_on_from_what_was_pretrained(pretrained, run, manifests, tmp_path):
    given = ("--model", pretrained.out / "model.pt", "--keep-fusion", "--maskings", "--recipe", "planted")
    done = run("train", manifests[0], "--validation", manifests[1], "--out", tmp_path, *given, "--epochs", 1)
    assert load_model(tmp_path / "model.pt").config == tiny()
    assert [row["stage"] for row in done.log] == ["fusion"]
    everything, *groups = done.figures["accuracy by what carries the emotion"]
    assert (everything["group"], everything["clips"]) == ("all", 2)
    assert sum(row["clips"] for row in groups) == 2


def test_it_writes_the_model_its_log_its_predictions_and_figures_of_every_split(train, manifests):
    done = train("--test", manifests[1])
    names = {file.name for file in done.out.iterdir()}
    assert names == {
        "figures.json",
        "log.csv",
        "model.pt",
        "predictions.csv",
        "tensorboard",
        "tokenizer.json",
        "training.json",
    }
    config = load_model(done.out / "model.pt").config
    assert (config.fusion.heads, config.fusion.self_layers, config.fusion.ffn_dim) == (4, 1, 1024)
    assert [row["epoch"] for row in done.log] == ["1", "2"]
    figures = done.figures
    assert set(figures["figures"]) == {"validation", "test"}
    assert figures["splits"]["training"]["segments"] == 4
    best = max(float(row["validation accuracy"]) for row in done.log)
    assert figures["figures"]["validation"]["accuracy"]["value"] == pytest.approx(best)
    with (done.out / "predictions.csv").open(newline="") as file:
        predictions = list(csv.DictReader(file))
    right = [row["label_true"] == row["label_predicted"] for row in predictions]
    assert sum(right) / len(right) == pytest.approx(figures["figures"]["test"]["accuracy"]["value"])


def test_results_are_the_same_with_a_cache_without_one_and_with_one_that_is_full(train, tmp_path):
    outs = [tmp_path / name for name in ("memory", "filling", "full")]
    train(out=outs[0])
    for out in outs[1:]:
        train("--cache", tmp_path / "cache", out=out)
    assert same(outs[0], outs[1])
    assert same(outs[0], outs[2])
    assert sorted(path.name.split("-")[0] for path in (tmp_path / "cache").iterdir()) == ["audio", "text", "video"]


def test_a_tuned_encoder_changes_and_the_frozen_ones_dont(train, tmp_path):
    train("--tune", "text", "--modalities", "text,audio")
    before, after = torch.load(DEMO_MODEL, weights_only=True)["model"], weights_of(tmp_path / "out")
    changed = {name.split(".")[0] for name in after if name in before and not torch.equal(before[name], after[name])}
    assert "text" in changed
    assert "wav2vec" not in changed
    assert not any(name.startswith(("fabnet", "video")) for name in after)


def test_of_melds_csv_words_alone_can_be_trained_and_impossible_times_are_told(run, tmp_path):
    lines = [
        f'Oh no {i},{label},{i},0,"00:00:0{i},000","00:00:0{i + 1},500"'
        for i, label in enumerate(["joy", "anger", "neutral"])
    ]
    odd = 'Far too long,joy,9,0,"00:00:01,000","00:05:05,940"'
    for split in ("train", "dev"):
        (tmp_path / f"{split}.csv").write_text("\n".join([MELD, *lines, odd]) + "\n")
    given = ("--modalities", "text", "--preset", "tiny", "--heads", 4, "--tune", "text", "--epochs", 1)
    done = run("train", tmp_path / "train.csv", "--validation", tmp_path / "dev.csv", "--out", tmp_path / "out", *given)
    assert "dia9_utt0: lasts 304.9 s" in done.said
    assert done.figures["left out"] == {"training": {"dia9_utt0": "lasts 304.9 s"}, "validation": {}}
    assert done.figures["splits"]["validation"]["labels"] == {"joy": 2, "anger": 1, "neutral": 1}


def test_what_was_killed_goes_on_and_gives_the_same_weights(run, manifests, tmp_path, eventually):
    given = ("--validation", manifests[1], "--model", DEMO_MODEL, "--heads", 4, "--epochs", 40, "--batch", 2)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = [sys.executable, "-c", "from mmexplain.cli import main; main()", "train", manifests[0], *given]
    with subprocess.Popen([*map(str, command), "--out", str(killed)], stdout=subprocess.DEVNULL) as process:  # noqa: S603
        eventually((killed / "state.pt").exists)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (killed / "model.pt").exists()
    gone_on = run("train", manifests[0], *given, "--out", killed)
    assert [row["epoch"] for row in gone_on.log] == [str(epoch) for epoch in range(1, 41)]
    assert "fusion 1:" not in gone_on.said
    run("train", manifests[0], *given, "--out", whole)
    assert same(killed, whole)


def test_what_is_finished_isnt_trained_again(train):
    first = train()
    written = (first.out / "model.pt").stat().st_mtime_ns
    assert "holds this training, finished" in train().said
    assert (first.out / "model.pt").stat().st_mtime_ns == written


def test_the_originals_lists_are_trained_on(run, rows, tmp_path):
    tokenizer = load_tokenizer(DEMO_MODEL.with_name("tokenizer.json"))
    for split, those in (("train", rows[:4]), ("valid", rows[4:])):
        (tmp_path / "words").mkdir(exist_ok=True)
        paths = [Path(row["media"]) for row in those]
        for path, row in zip(paths, those, strict=True):
            ids = tokenizer.encode(row["text"]).ids
            (tmp_path / "words" / f"{path.stem}.txt").write_text("\t".join(map(str, ids)))
        lists = {"t": [tmp_path / "words", *(f"{path.stem}.txt" for path in paths)]}
        lists["v"] = [paths[0].parent, *(path.name for path in paths)]
        for kind, lines in lists.items():
            (tmp_path / f"{split}_{kind}.tsv").write_text("\n".join(map(str, lines)) + "\n")
        labels = (f"{path.stem},{MELD_LABELS.index(row['label'])}\n" for path, row in zip(paths, those, strict=True))
        (tmp_path / f"label_file_{split}.csv").write_text("name,label\n" + "".join(labels))
    lists = [tmp_path / f"label_file_{split}.csv" for split in ("train", "valid")]
    given = ("--model", DEMO_MODEL, "--heads", 4, "--epochs", 1)
    done = run("train", lists[0], "--validation", lists[1], "--out", tmp_path / "out", *given)
    assert done.figures["splits"]["training"]["segments"] == 4
    with (done.out / "predictions.csv").open(newline="") as file:
        assert [row["label_true"] for row in csv.DictReader(file)] == [row["label"] for row in rows[4:]]


def test_other_options_in_the_same_folder_are_refused_by_their_name(train, mmexplain, manifests, tmp_path):
    train()
    given = ("--validation", manifests[1], "--out", tmp_path / "out", "--model", DEMO_MODEL, "--seed", 1)
    code, _, err = mmexplain("train", manifests[0], *given)
    assert code == 2
    assert "holds a training with another base, recipe, seed" in err


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"trigger": None}, ("--maskings",), "has no column trigger"),
        ({"label": "pride"}, (), "has the label 'pride', which is none of neutral, sadness"),
        ({"label": None}, (), "has no label; leave it out"),
        ({"trigger": "loud"}, (), "'loud' is no planted trigger"),
        ({}, ("--modalities", "smell"), "--modalities 'smell'; give some of text, audio, video"),
        ({}, ("--heads", "5"), "is not a multiple of the 5 attention heads"),
        ({}, ("--roberta", "x"), "a model holds its encoders"),
        ({}, ("--recipe", "planted", "--patience", "2"), "--patience needs a figure"),
        ({}, ("--keep-fusion", "--modalities", "text"), "leave --keep-fusion out"),
        ({}, ("--head", "score", "--class-weights", "balanced"), "gives a score; give numbers"),
    ],
    ids=str,
)
def test_what_nothing_can_be_learnt_from_is_2_and_named(
    mmexplain, rows, write_manifest, tmp_path, changes, options, message
):
    second = {name: value for name, value in (rows[1] | changes).items() if value is not None}
    manifest = write_manifest(tmp_path / "changed.jsonl", [rows[0], second])
    given = ("--validation", manifest, "--out", tmp_path / "out", "--model", DEMO_MODEL)
    code, _, err = mmexplain("train", manifest, *given, *options)
    assert code == 2
    assert message in " ".join(err.split())


def test_encoders_that_know_nothing_are_not_frozen(mmexplain, manifests, tmp_path):
    given = ("--validation", manifests[1], "--out", tmp_path / "out", "--preset", "tiny", "--tune", "text")
    code, _, err = mmexplain("train", manifests[0], *given)
    assert code == 2
    assert "name them by --wav2vec, --fabnet, take those of a --model, or --tune them" in " ".join(err.split())
    assert not (tmp_path / "out").exists()


def test_without_torch_it_says_what_it_lacks(without_torch, demo_manifest, tmp_path):
    command = "from mmexplain.cli import main; main()"
    done = without_torch(command, "train", demo_manifest, "--validation", demo_manifest, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "isn't installed; this verb needs: pip install 'mmexplain[train]'" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_command_line_names_every_recipe_precision_and_way_of_sampling():
    """They stand in the verb a second time, so that its help needs no torch."""
    choices = {option.name: set(option.type.choices) for option in train_verb.params if hasattr(option.type, "choices")}
    assert choices["recipe"] == set(RECIPES)
    assert choices["sampling"] == set(get_args(Sampling))
    assert choices["precision"] == set(get_args(Precision))
