"""What MELD's words alone tell a small RoBERTa that knew nothing before, beside the most frequent class.

Its vocabulary is made from the training split, and its encoder is trained along: no pretrained weights are needed, and
no clips. The three csv files are MELD's own.
"""

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import click

from bench.output import Column, Report, Section, publish
from mmexplain.training.base import BaseOptions
from mmexplain.training.finetuning import TEST, Tell, finetune
from mmexplain.training.options import Data, Machine, TrainingOptions
from mmexplain.training.outputs import FIGURES
from sseft.metrics.bootstrap import Interval
from sseft.training.recipes import THESIS, Recipe

EPOCHS: Final = 8
SMALL: Final = Recipe(
    replace(THESIS.fusion, heads=4),
    replace(THESIS.schedule, epochs=EPOCHS, learning_rate=1e-3),
    THESIS.choice,
)
SPLIT: Final = "meld_{}_sent_emo.csv"


@dataclass(frozen=True)
class Row:
    """A figure on the test split."""

    figure: Annotated[str, Column("figure")]
    value: Annotated[float, Column("value", ".3f")]
    low: Annotated[float | None, Column("from", ".3f")] = None
    high: Annotated[float | None, Column("to", ".3f")] = None


def measure(folder: Path, *, epochs: int = EPOCHS, seed: int = 0) -> Report:
    """Train on MELD's training split, and ask about its test split.

    Args:
        folder: with `meld_train_sent_emo.csv`, and so on for dev and test.
        epochs: of the training.
        seed: of its weights and its draws.
    """
    data = Data(*(folder / SPLIT.format(split) for split in ("train", "dev", "test")))
    recipe = replace(SMALL, schedule=replace(SMALL.schedule, epochs=epochs))
    options = TrainingOptions(BaseOptions(seed=seed), recipe, ("text",), tuned=("text",), seed=seed)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        trained = finetune(data, out, options, Machine(), Tell(click.echo, lambda _: None, lambda *_: None))
        counts = json.loads((out / FIGURES).read_text(encoding="utf-8"))["splits"][TEST]
    majority = max(counts["labels"].values()) / counts["segments"]
    rows = [Row("accuracy of the most frequent class", majority)]
    for name, figure in trained.evaluations[TEST].figures.items():
        known = (figure.value, figure.low, figure.high) if isinstance(figure, Interval) else (figure,)
        rows.append(Row(name, *known))
    notes = ("from, to: 95 % by resampling segments.",)
    given = {"folder": folder, "epochs": epochs, "seed": seed}
    return Report("meld_text", "tiny, from random weights", given, (Section("test split", rows, notes),))


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
@click.option("--epochs", type=click.IntRange(min=1), default=EPOCHS, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(*, folder: Path, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(folder, **options), json_file)


if __name__ == "__main__":
    main()
