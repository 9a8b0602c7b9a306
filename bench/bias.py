"""What a bias in the training data does to the shares of a model, and what modality dropout does about it.

Fusion is trained anew, on the encoders of a model that was trained on planted clips, three times: on clips whose
emotion each modality carries equally often; on clips whose words carry it three times as often as sound or picture do;
and on these with modality dropout. Every model is then asked about the same held-out clips, in which all carry it.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import click

from bench.demo import CHECKPOINT
from bench.machine import cores
from bench.output import Column, Report, Section, publish
from media.modality import MODALITIES, Modality
from media.planted.clip import LABELS, Kind
from media.planted.corpus import make_corpus
from media.planted.sentences import LANGUAGES
from mmexplain.training.ablation import explained_shares
from mmexplain.training.base import BaseOptions
from mmexplain.training.finetuning import TEST, Tell, finetune
from mmexplain.training.options import Data, Machine, TrainingOptions
from report.collection.table import percent
from sseft.metrics.bootstrap import Interval
from sseft.training.recipes import PLANTED

Carriers = Sequence[tuple[Modality, ...]]

EVEN: Final[Carriers] = (("text",), ("audio",), ("video",))
"""Each modality carries the emotion of a third of the clips."""
BIASED: Final[Carriers] = (("text",), ("text", "audio"), ("text", "video"))
"""Words carry it in every clip, sound and picture in a third each."""
ALL: Final[Carriers] = (MODALITIES,)
CLIPS: Final = 294
ASKED: Final = 98
DROPOUT: Final = 0.5
SEED: Final = 3


@dataclass(frozen=True)
class Row:
    """A model: how good it is, and what it decides by."""

    data: Annotated[str, Column("trained on")]
    dropout: Annotated[float, Column("modality dropout", ".1f")]
    accuracy: Annotated[str, Column("accuracy")]
    text: Annotated[str, Column("T-SHAP %")]
    audio: Annotated[str, Column("A-SHAP %")]
    video: Annotated[str, Column("V-SHAP %")]


def kinds_of(carriers: Carriers) -> tuple[Kind, ...]:
    """Each label, in each language, carried so."""
    return tuple(
        Kind(label, language, () if label == "neutral" else those)
        for those in carriers
        for label in LABELS
        for language in LANGUAGES
    )


def measure(
    model: Path = CHECKPOINT, *, clips: int = CLIPS, asked: int = ASKED, dropout: float = DROPOUT, seed: int = SEED
) -> Report:
    """Train the three models and explain what they say.

    Args:
        model: whose encoders are taken.
        clips: to train on.
        asked: held-out clips, and as many to choose the epoch by.
        dropout: the chance of losing a modality.
        seed: of clips, weights and draws.
    """
    with tempfile.TemporaryDirectory() as scratch:
        rows = list(_rows(Path(scratch), model, clips, asked, dropout, seed))
    notes = (
        f"{asked} held-out clips; means over them, 95 % between brackets.",
        "even: words, sound and picture carry the emotion of a third of the clips each.",
        "biased: words carry it in all, sound and picture in a third each.",
    )
    given = {"clips": clips, "asked": asked, "dropout": dropout, "seed": seed}
    return Report("bias", f"encoders of {model.name}", given, (Section("shares", rows, notes),))


def _rows(folder: Path, model: Path, clips: int, asked: int, dropout: float, seed: int) -> Iterator[Row]:
    validation = make_corpus(folder / "validation", clips=asked, seed=seed + 1, kinds=kinds_of(ALL))
    test = make_corpus(folder / "test", clips=asked, seed=seed, split="test", kinds=kinds_of(ALL))
    machine = Machine(workers=cores(), cache=folder / "features")
    for name, carriers, chances in (("even", EVEN, (0.0,)), ("biased", BIASED, (0.0, dropout))):
        training = make_corpus(folder / name, clips=clips, seed=seed, kinds=kinds_of(carriers))
        for chance in chances:
            out = folder / f"{name}-{chance}"
            options = TrainingOptions(
                BaseOptions(model=model.absolute(), seed=seed), PLANTED, modality_dropout=chance, seed=seed
            )
            data = Data(training, validation, test)
            trained = finetune(data, out, options, machine, Tell(click.echo, lambda _: None, lambda *_: None))
            shares, _ = explained_shares(test, out, out, None, machine.workers)
            accuracy = trained.evaluations[TEST].figures["accuracy"]
            yield Row(name, chance, _figure(accuracy), *(percent(shares[m]) for m in MODALITIES))


def _figure(figure: Interval | float) -> str:
    return (
        f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})" if isinstance(figure, Interval) else f"{figure}"
    )


@click.command(help=__doc__)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=CHECKPOINT, help="[default: the demo's]")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
@click.option("--clips", type=click.IntRange(min=1), default=CLIPS, show_default=True, help="To train on.")
@click.option("--asked", type=click.IntRange(min=1), default=ASKED, show_default=True, help="Held-out clips.")
@click.option("--dropout", type=click.FloatRange(0, 1), default=DROPOUT, show_default=True)
@click.option("--seed", default=SEED, show_default=True)
def main(*, model: Path, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(model, **options), json_file)


if __name__ == "__main__":
    main()
