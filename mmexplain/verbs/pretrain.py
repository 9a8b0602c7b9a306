"""`pretrain`, and `corpus`, which makes what there is to pretrain on."""

from pathlib import Path
from typing import Literal

import click

from mmexplain.exit import Exit
from mmexplain.options import Folder, needs_torch
from sseft.presets import PRESETS


@click.command()
@click.argument("training", type=click.Path(path_type=Path))
@click.option("--out", type=Folder(), required=True, help="The folder of model, tokenizer, log and figures.")
@click.option("--preset", type=click.Choice(list(PRESETS)), default="tiny", show_default=True, help="Its size.")
@click.option("--seed", default=0, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Threads that decode.")
@needs_torch
def pretrain(*, training: Path, out: Path, preset: str, seed: int, workers: int) -> Exit:
    """Train encoders from nothing on the planted clips of the manifest TRAINING; `train` goes on from there."""
    from mmexplain.training.pretraining import pretrain_planted  # noqa: PLC0415  # needs torch
    from sseft.training.planted.pretraining import Pretraining  # noqa: PLC0415  # as above

    options = Pretraining(seed=seed)
    pretrain_planted(training, out, preset=preset, options=options, workers=workers, on_epoch=click.echo)
    return Exit.DONE


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--clips", type=click.IntRange(min=1), default=98, show_default=True, help="How many; 98 are of all kinds."
)
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--split", type=click.Choice(["train", "test"]), default="train", show_default=True, help="They share none."
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: cores]")
def corpus(*, out: Path, clips: int, seed: int, split: Literal["train", "test"], workers: int | None) -> Exit:
    """Make clips with planted triggers, and their manifest, in the folder OUT.

    The sentences, faces and voices of the two splits are others.
    """
    from media.planted.corpus import make_corpus  # noqa: PLC0415  # needs the extra corpus

    click.echo(make_corpus(out, clips=clips, seed=seed, split=split, workers=workers))
    return Exit.DONE
