"""`train` and `ablate`: fusion and head on labelled collections; all modalities, or each subset of them."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from batcher.backends.onnxruntime import DEVICES
from media.modality import MODALITIES
from mmexplain.census_table import census_table
from mmexplain.exit import Exit
from mmexplain.options import Folder, needs_torch
from report.evaluation.table import evaluation_tables
from sseft.heads import HEAD_KINDS
from sseft.presets import PRESETS

Command = Callable[..., Any]
SHOWN: Final = 5
"""Segments that are named of those that are left out; the others stand in figures.json."""
_PATH: Final = click.Path(path_type=Path)
_PRECISIONS: Final = ("fp32", "bf16", "fp16")
_SAMPLINGS: Final = ("natural", "undersample", "oversample")
_RECIPES: Final = ("thesis", "mosei", "planted")


def training_options(command: Command) -> Command:
    """Options of verbs that train; they come as `data`, `options`, `machine` and `tell`."""

    @wraps(command)
    def run(**given: Any) -> Any:
        from mmexplain.training.choices import chosen  # noqa: PLC0415  # needs torch

        data, options, machine = chosen(given)
        return command(data=data, options=options, machine=machine, **given)

    options = [
        click.argument("training", type=_PATH),
        click.option("--validation", type=_PATH, required=True, help="A collection of other segments."),
        click.option("--test", type=_PATH, help="A third one, which nothing is chosen by."),
        click.option("--out", type=Folder(), required=True, help="The folder of what comes of it."),
        click.option("--model", type=_PATH, help="Take the encoders of this one: of `pretrain`, or a checkpoint."),
        click.option(
            "--preset", type=click.Choice(list(PRESETS)), default="published", show_default=True, help="Without one."
        ),
        click.option("--roberta", type=_PATH, help="But this encoder: of fairseq or transformers."),
        click.option("--wav2vec", type=_PATH, help="But this: wav2vec_large.pt, or a wav2vec 2.0 folder."),
        click.option("--fabnet", type=_PATH, help="But this: FAb-Net's .pth."),
        click.option("--tokenizer", type=_PATH, help="Of its RoBERTa.  [default: the one beside it]"),
        click.option("--head", type=click.Choice(HEAD_KINDS), help="What its logits are.  [default: the model's]"),
        click.option("--labels", help="Its classes, between commas.  [default: the model's]"),
        click.option("--keep-fusion", is_flag=True, help="Go on from the model's own fusion and head."),
        click.option(
            "--recipe", type=click.Choice(_RECIPES), default="thesis", show_default=True, help="What isn't given here."
        ),
        click.option("--epochs", type=click.IntRange(min=1)),
        click.option("--batch", type=click.IntRange(min=1)),
        click.option("--accumulate", type=click.IntRange(min=1), help="Batches per step."),
        click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Its peak."),
        click.option("--warmup", type=click.FloatRange(0, 1), help="Share of the steps."),
        click.option("--weight-decay", type=click.FloatRange(min=0)),
        click.option("--dropout", type=click.FloatRange(0, 1, max_open=True)),
        click.option("--heads", type=click.IntRange(min=1), help="Of attention in fusion."),
        click.option("--self-layers", type=click.IntRange(min=0), help="Blocks of self-attention."),
        click.option("--cross-layers", type=click.IntRange(min=1), help="Blocks of inter-modality attention."),
        click.option("--choose", help="Keep the epoch with the best figure of this name; `last` keeps the last."),
        click.option("--patience", type=click.IntRange(min=1), help="Stop after so many epochs without a better one."),
        click.option("--tune", type=click.Choice(MODALITIES), multiple=True, help="Train this encoder along."),
        click.option("--class-weights", type=click.Choice(["none", "balanced"]), default="none", show_default=True),
        click.option("--focus", type=click.FloatRange(min=0), default=0.0, help="Gamma of the focal loss."),
        click.option("--sampling", type=click.Choice(_SAMPLINGS), default="natural", show_default=True),
        click.option("--modality-dropout", type=click.FloatRange(0, 1), default=0.0, help="Chance of losing one."),
        click.option("--maskings", is_flag=True, help="Learn from maskings of planted clips, too."),
        click.option("--precision", type=click.Choice(_PRECISIONS), default="fp32", show_default=True),
        click.option("--seed", default=0, show_default=True),
        click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of fusion."),
        click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True),
        click.option(
            "--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Threads that decode."
        ),
        click.option("--cache", type=Folder(), help="Keep what the encoders make here, for the next time."),
    ]
    for option in reversed(options):
        run = option(run)
    return run


@click.command()
@needs_torch
@training_options
@click.option("--modalities", default=",".join(MODALITIES), show_default=True, help="Of the model, between commas.")
def train(*, data: Any, options: Any, machine: Any, out: Path) -> Exit:
    """Train fusion and head on the labelled collection TRAINING.

    Encoders are frozen: what they make of each segment is computed once. Run again with the same arguments, it goes on
    after the last whole epoch.
    """
    from mmexplain.training.finetuning import Tell, finetune  # noqa: PLC0415  # needs torch
    from mmexplain.training.options import TrainingError, described  # noqa: PLC0415  # as above
    from mmexplain.training.outputs import FIGURES, is_trained  # noqa: PLC0415  # as above

    try:
        if is_trained(out, described(data, options)):
            click.echo(f"{out} holds this training, finished; its figures are in {out / FIGURES}")
            return Exit.DONE
        trained = finetune(data, out, options, machine, Tell(click.echo, _print_splits, _print_left_out))
    except TrainingError as error:
        raise click.UsageError(str(error)) from error
    for name, evaluation in trained.evaluations.items():
        click.echo(f"{name}:")
        for table in evaluation_tables(evaluation):
            Console(highlight=False).print(table)
    for row in trained.by_trigger:
        click.echo(f"{row.group}: {row.right} of {row.clips} clips right")
    click.echo(f"{trained.model}")
    return Exit.DONE


@click.command("ablate")
@needs_torch
@training_options
@click.option("--limit", type=click.IntRange(min=1), help="Segments that are explained.  [default: all]")
def ablate_verb(*, data: Any, options: Any, machine: Any, out: Path, limit: int | None) -> Exit:
    """Train a model of each modality, each pair and all on TRAINING, and compare them.

    Beside them stands what the model of all decides by, by MM-SHAP, on the test split or else the validation split.
    Run again with the same arguments, it goes on where it stopped.
    """
    from mmexplain.ablation_table import ablation_table  # noqa: PLC0415  # needs torch
    from mmexplain.training.ablation import ablate  # noqa: PLC0415  # as above
    from mmexplain.training.finetuning import Tell  # noqa: PLC0415  # as above
    from mmexplain.training.options import TrainingError  # noqa: PLC0415  # as above

    tell = Tell(click.echo, lambda _: None, _print_left_out)
    try:
        found = ablate(data, out, options, machine, tell, limit=limit, on_variant=click.echo)
    except TrainingError as error:
        raise click.UsageError(str(error)) from error
    Console(highlight=False).print(ablation_table(found))
    return Exit.DONE


def _print_splits(splits: Mapping[str, Any]) -> None:
    Console(highlight=False).print(census_table(splits))
    for name, census in splits.items():
        _print_some(f"{name}: {len(census.odd_times)} segments with impossible times", census.odd_times)


def _print_left_out(split: str, reasons: Mapping[str, str]) -> None:
    _print_some(f"{split}: {len(reasons)} segments are left out", reasons)


def _print_some(heading: str, reasons: Mapping[str, str]) -> None:
    if reasons:
        click.echo(heading)
        for segment_id, reason in list(reasons.items())[:SHOWN]:
            click.echo(f"  {segment_id}: {reason}")
