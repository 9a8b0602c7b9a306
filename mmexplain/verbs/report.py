"""`report`: what a result says, to look at and for an archive's tools."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from batcher.store.result import Result, load_result
from mmexplain.exit import Exit
from mmexplain.options import Folder
from report.collection.summarise import summarise
from report.collection.summary import CollectionSummary
from report.collection.table import collection_table
from report.formats import FORMATS
from report.page.write import write_page
from report.triggers import read_triggers, triggers_found
from report.triggers_table import triggers_table


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--out", type=Folder(), help="Where files are written.  [default: RESULT]")
@click.option("--previews", is_flag=True, help="Write a small clip of each segment, which browsers play.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the collection's figures to this file."
)
@click.option("--segment", "segment_ids", multiple=True, metavar="ID", help="Draw this segment instead: png and svg.")
@click.option("--format", "formats", type=click.Choice(list(FORMATS)), multiple=True, help="Write this format instead.")
@click.option(
    "--triggers",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="Compare with what people saw instead: segment_id, modality, start_ms, end_ms, text, cell.",
)
def report(
    *,
    result: Path,
    out: Path | None,
    previews: bool,
    json_file: Path | None,
    segment_ids: tuple[str, ...],
    formats: tuple[str, ...],
    triggers: Path | None,
) -> Exit:
    """Write RESULT as a page, report.html, which opens from the disk; and print what it says of the collection."""
    instead = segment_ids or formats or triggers
    if instead and (previews or json_file):
        raise click.UsageError(
            "--previews and --json belong to the page; leave them out, or --segment, --format, --triggers"
        )
    opened, folder = load_result(result), out or result
    if segment_ids:
        _draw(opened, segment_ids, folder)
    if formats:
        _write(opened, formats, folder)
    if triggers:
        Console(highlight=False).print(triggers_table(triggers_found(opened, read_triggers(triggers))))
    if not instead:
        print_report(opened, folder, previews=previews, json_file=json_file)
    return Exit.DONE


def print_report(result: Result, folder: Path, *, previews: bool, json_file: Path | None = None) -> None:
    """Print the collection's shares, write the page, and print where it is."""
    summary = summarise(result)
    Console(highlight=False).print(collection_table(summary))
    if json_file:
        json_file.write_text(json.dumps(asdict(summary), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print_page(result, summary, folder, previews=previews)


def print_page(result: Result, summary: CollectionSummary, folder: Path, *, previews: bool) -> None:
    """Write the page, and print where it is."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=summary.explained, label="drawing", file=sys.stderr, hidden=hidden) as bar:
        page = write_page(result, summary, folder, previews=previews, on_segment=lambda _: bar.update(1))
    click.echo(f"look at it: {page.absolute().as_uri()}")


def _draw(result: Result, segment_ids: Sequence[str], folder: Path) -> None:
    try:
        from report.portrait import save_pictures  # noqa: PLC0415  # needs the extra report
    except ImportError as error:
        raise click.UsageError("pictures need matplotlib: pip install 'mmexplain[report]'") from error
    for segment_id in segment_ids:
        for path in save_pictures(result, segment_id, folder / "pictures"):
            click.echo(path)


def _write(result: Result, formats: Sequence[str], folder: Path) -> None:
    for name in formats:
        own = folder / "formats" / name
        own.mkdir(parents=True, exist_ok=True)
        for path in FORMATS[name](result, own):
            click.echo(path)
