"""`questions`: what the thesis asked a result."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from batcher.store.result import Result, load_result
from mmexplain.exit import Exit
from mmexplain.options import Folder
from report.questions.agreement import Compared
from report.questions.ask import ask
from report.questions.table import Answer, answer_tables, printed

SHOWN = 5
"""Segments that are named of those that attention can't be asked about."""


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option(
    "--attention",
    "checkpoint",
    type=click.Path(path_type=Path),
    metavar="MODEL",
    help="Compare with the attention of this model, from which the result's artefact was exported. Needs torch.",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write all answers to this file.")
@click.option("--csv", "csv_folder", type=Folder(), help="Write each table to a file in this folder.")
def questions(*, result: Path, checkpoint: Path | None, json_file: Path | None, csv_folder: Path | None) -> Exit:
    """Ask RESULT what decides: by label, right against wrong, by strongest modality; base values, words, negations."""
    opened = load_result(result)
    answers = ask(opened, _compared(opened, checkpoint) if checkpoint else ())
    tables = answer_tables(answers)
    for table in tables:
        if not table.per_segment:
            Console(highlight=False).print(printed(table))
    for warning in answers.summary.warnings:
        click.echo(warning)
    if json_file:
        json_file.write_text(json.dumps(asdict(answers), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if csv_folder:
        _write(tables, csv_folder)
    return Exit.DONE


def _compared(result: Result, checkpoint: Path) -> list[Compared]:
    try:
        from report.questions.attended import compare_all  # noqa: PLC0415  # needs torch
    except ImportError as error:
        raise click.UsageError("--attention runs the model itself: pip install 'mmexplain[export]'") from error
    found = list(compare_all(result, checkpoint))
    left_out = [one for one in found if isinstance(one, str)]
    if left_out:
        click.echo(f"attention isn't asked about {len(left_out)} segments")
        for reason in left_out[:SHOWN]:
            click.echo(f"  {reason}")
    return [one for one in found if isinstance(one, Compared)]


def _write(tables: Sequence[Answer], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        path = folder / f"{table.name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(table.flat())
        click.echo(path)
