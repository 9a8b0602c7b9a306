"""`evaluate`: how good are the predictions?"""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from mmexplain.exit import Exit
from report.evaluation.evaluate import Evaluation, evaluate, figures_of
from report.evaluation.predictions import read_predictions
from report.evaluation.table import evaluation_tables


@click.command("evaluate")
@click.argument("predictions", type=click.Path(path_type=Path))
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    help="Draw confusions and what is predicted of each true class to this file, .png or .svg.",
)
def evaluate_verb(*, predictions: Path, json_file: Path | None, picture: Path | None) -> Exit:
    """Compare PREDICTIONS with true labels: accuracy, F1, per class, neutral against the rest, confusion.

    They are a result whose manifest had a column label, or a table with the columns label_true and label_predicted.
    """
    try:
        found = evaluate(read_predictions(predictions))
    except ValueError as error:
        raise click.ClickException(f"{predictions} can't be evaluated: {error}") from error
    for table in evaluation_tables(found):
        Console(highlight=False).print(table)
    if json_file:
        json_file.write_text(json.dumps(_described(found), indent=2) + "\n")
    if picture:
        _draw(found, picture)
    return Exit.DONE


def _draw(found: Evaluation, picture: Path) -> None:
    try:
        from report.pictures.confusion import draw_confusions  # noqa: PLC0415  # needs the extra report
        from report.pictures.style import save  # noqa: PLC0415  # as above
    except ImportError as error:
        raise click.UsageError("pictures need matplotlib: pip install 'mmexplain[report]'") from error
    if not found.choices:
        raise click.UsageError("--picture draws classes, and no segment has a sign to compare; leave it out")
    try:
        save(draw_confusions(found.choices, f"{found.segments:,} segments"), picture)
    except ValueError as error:
        raise click.UsageError(f"--picture {picture}: {error}") from error


def _described(found: Evaluation) -> dict[str, Any]:
    return {
        "segments": found.segments,
        "figures": figures_of(found),
        "confusions": {
            name: {"labels": choice.labels, "counts": choice.confusion.tolist()}
            for name, choice in found.choices.items()
        },
    }
