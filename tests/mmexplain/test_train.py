"""The verb `train`: what it writes, and what it refuses before it starts."""

import csv
import io
import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pytest

from media import load_tokenizer, tokenize
from media.planted.trigger import Trigger
from mmexplain.cli import main
from sseft.presets import tiny
from sseft.saved import load_model
from sseft.training.examples import Source, read_examples
from sseft.training.features import WHOLE_ONLY, encode_all
from sseft.training.fit import Epoch, Schedule
from sseft.training.fusion import predict
from sseft.training.recipe import Recipe, accuracies

SHORT = Schedule(epochs=1, batch=4, learning_rate=1e-3)
STAGES = {"text", "windows", "audio", "video", "fusion"}
SEED = 7


@dataclass(frozen=True)
class Done:
    """A training by the command: the folder that it wrote, what it said, and the rows of its held-out clips."""

    out: Path
    said: list
    held_out: list

    @property
    def figures(self):
        return json.loads((self.out / "figures.json").read_text())

    @property
    def log(self):
        with (self.out / "log.csv").open(newline="") as file:
            return [
                Epoch(
                    row["stage"], int(row["epoch"]), float(row["loss"]), _number(row["accuracy"]), float(row["seconds"])
                )
                for row in csv.DictReader(file)
            ]


def _number(text):
    return float(text) if text else None


@pytest.fixture(scope="module")
def rows(demo_manifest):
    """Five rows of the demo's manifest, whose media are paths."""
    with demo_manifest.open(newline="", encoding="utf-8") as file:
        return [{**row, "media": str(demo_manifest.parent / row["media"])} for row in csv.DictReader(file)][:5]


@pytest.fixture(scope="module")
def done(tmp_path_factory, rows, write_manifest):
    """Three clips are trained on and three held out, in one epoch of each stage."""
    folder = tmp_path_factory.mktemp("trained")
    training, held_out = (write_manifest(folder / f"{i}.jsonl", rows[i : i + 3]) for i in (0, 2))
    out, said = folder / "new" / "out", io.StringIO()
    given = ["train", training, "--held-out", held_out, "--out", out, "--seed", SEED]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setattr("sseft.training.recipe.Recipe", partial(Recipe, **dict.fromkeys(STAGES, SHORT)))
        patch.setattr(sys, "argv", ["mmexplain", *map(str, given)])
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code
    return Done(out, said.getvalue().splitlines(), rows[2:])


@pytest.fixture
def refuse(mmexplain, rows, write_manifest, tmp_path):
    """What the command says of three clips the second of which, to train on or held out, is another."""

    def run(role, **changes):
        second = {name: value for name, value in (rows[1] | changes).items() if value is not None}
        changed = write_manifest(tmp_path / "changed.jsonl", [rows[0], second, rows[2]])
        whole = write_manifest(tmp_path / "whole.jsonl", rows[:3])
        training, held_out = (changed, whole) if role == "training" else (whole, changed)
        code, out, err = mmexplain("train", training, "--held-out", held_out, "--out", tmp_path / "out")
        assert code == 2
        assert out == ""
        assert not (tmp_path / "out").exists()
        return err

    return run


def test_it_writes_the_model_its_tokenizer_its_log_and_its_figures(done):
    assert {file.name for file in done.out.iterdir()} == {"model.pt", "tokenizer.json", "log.csv", "figures.json"}


def test_the_log_holds_the_epochs_that_it_told_and_their_stages(done):
    stages = [epoch.stage for epoch in done.log]
    assert (stages[0], stages[-1]) == ("text", "fusion")
    assert sorted(stages) == ["audio", "audio windows", "fusion", "text", "video"]
    assert {epoch.epoch for epoch in done.log} == {1}
    assert [epoch.stage for epoch in done.log if epoch.accuracy is not None] == ["fusion"]
    assert done.said[: len(stages)] == [str(epoch) for epoch in done.log]


def test_the_figures_are_of_the_held_out_clips_and_say_how_they_came(done):
    figures = done.figures
    assert figures["preset"] == "tiny"
    assert figures["recipe"] == asdict(Recipe(seed=SEED, **dict.fromkeys(STAGES, SHORT)))
    assert figures["clips"] == {"trained on": 3, "held out": 3}
    everything, *groups = figures["accuracy on held-out clips"]
    assert (everything["group"], everything["clips"]) == ("all", 3)
    assert sum(row["clips"] for row in groups) == 3
    assert done.log[-1].accuracy == pytest.approx(everything["right"] / 3)
    told = [f"{row['group']}: {row['right']} of {row['clips']} held-out clips right" for row in (everything, *groups)]
    assert done.said[len(done.log) :] == told


def test_the_model_and_the_tokenizer_that_it_wrote_give_these_figures(done):
    model, tokenizer = load_model(done.out / "model.pt"), load_tokenizer(done.out / "tokenizer.json")
    config = model.config
    assert config == tiny()
    clips = [
        Source(
            row["segment_id"],
            Path(row["media"]),
            float(row["start_ms"]),
            float(row["end_ms"]),
            tokenize(tokenizer, row["text"], config.tokens, config.text.max_tokens),
            config.labels.index(row["label"]),
            Trigger.from_json(row["trigger"]),
        )
        for row in done.held_out
    ]
    examples = read_examples(clips, config.preprocessing, pictures=0, seed=0, workers=1)
    features = encode_all(model, examples, WHOLE_ONLY, seed=0, workers=1)
    measured = accuracies(predict(model, features), clips)
    assert done.figures["accuracy on held-out clips"] == [asdict(row) for row in measured]


@pytest.mark.parametrize("role", ["training", "held out"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trigger": None}, "no column trigger; training from nothing needs"),
        ({"label": "pride"}, "has the label 'pride' and a column trigger"),
        ({"label": None}, "has the label None"),
        ({"text": None}, "has no text; leave it out"),
        ({"text": " "}, "has no text; leave it out"),
    ],
    ids=str,
)
def test_a_clip_that_nothing_can_be_learnt_from_is_2_and_named(refuse, rows, role, changes, message):
    err = refuse(role, **changes)
    assert f"segment '{rows[1]['segment_id']}'" in err
    assert message in err


def test_a_trigger_that_nobody_planted_is_2_and_shown(refuse):
    assert "'loud' is no planted trigger" in refuse("training", trigger="loud")


def test_a_missing_clip_is_2_and_named(refuse, tmp_path):
    assert f"'{tmp_path / 'missing.mp4'}'" in refuse("training", media=str(tmp_path / "missing.mp4"))


def test_a_missing_manifest_is_2_and_named(mmexplain, demo_manifest, tmp_path):
    code, _, err = mmexplain("train", demo_manifest, "--held-out", tmp_path / "none.csv", "--out", tmp_path / "out")
    assert code == 2
    assert "none.csv is no file; give one that ends in" in err


def test_without_torch_it_says_what_it_lacks(without_torch, demo_manifest, tmp_path):
    command = "from mmexplain.cli import main; main()"
    done = without_torch(command, "train", demo_manifest, "--held-out", demo_manifest, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "torch isn't installed; this verb needs: pip install 'mmexplain[train]'" in done.stderr
    assert not (tmp_path / "out").exists()
