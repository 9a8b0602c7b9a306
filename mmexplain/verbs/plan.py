"""`plan`: what `explain` would cost."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
from rich.console import Console

from batcher.options import Options
from batcher.plan import Settings, plan_collection
from batcher.plan.gpus import KINDS
from batcher.run import Run
from batcher.selection import Selection
from mmexplain.exit import Exit
from mmexplain.options import Folder, picture_players, run_options
from mmexplain.verbs.explain import explain
from report.costs_table import costs_table

OF_A_RUN: Final = frozenset({"out", "keep_going", "metrics_port", "metrics_host"})
"""Options of `explain` that mean nothing here, or something else."""
OPTIONS: Final = frozenset(field.name for field in fields(Options))


@click.command()
@click.option("--out", type=Folder(), help="A result that was begun: only what is left is planned.")
@click.option(
    "--sample", type=click.IntRange(min=2), default=Settings.sample, show_default=True, help="Segments tried."
)
@click.option("--seconds", type=click.FloatRange(min=0), default=Settings.seconds, show_default=True, help="For them.")
@click.option("--gpus", type=click.IntRange(min=1), help="Say what so many GPUs would need, too.")
@click.option("--gpu-kind", type=click.Choice(list(KINDS)), default=Settings.gpu_kind, show_default=True)
@click.option(
    "--utilisation",
    type=click.FloatRange(0, 1, min_open=True),
    default=Settings.utilisation,
    show_default=True,
    help="Share of the GPUs' peak: an assumption, not measured on a GPU.",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
@run_options
def plan(*, collection: Path, model: Path, out: Path | None, json_file: Path | None, **given: Any) -> Exit:
    """Say what `explain` with these options would cost: passes, coalitions, hours.

    Explains a sample of COLLECTION, for about a minute, into a folder that is removed.
    """
    settings = Settings(**{field.name: given[field.name] for field in fields(Settings) if field.name in given})
    given["video_players"], regions = picture_players(given["video_players"])
    with TemporaryDirectory() as scratch:
        run = Run(
            collection,
            model,
            out or Path(scratch) / "result",
            options=Options(**{name: value for name, value in given.items() if name in OPTIONS}),
            selection=Selection(given["where"], given["limit"]),
            backend=given["backend"],
            workers=given["workers"],
            ray_address=given["ray_address"],
            retry_errors=given["retry_errors"],
            regions=regions,
            on_bad_row=given["on_bad_row"],
        )
        if run.ray_address and out is None:
            raise click.UsageError("--ray-address needs --out: beside it the nodes see what is tried")
        costs = plan_collection(run, settings)
    Console(highlight=False).print(costs_table(costs))
    if json_file:
        json_file.write_text(json.dumps(asdict(costs), indent=2) + "\n")
    return Exit.DONE


_OWN: Final = frozenset(option.name for option in plan.params) | OF_A_RUN
plan.params[:0] = [option for option in explain.params if option.name not in _OWN]
