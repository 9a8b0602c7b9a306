"""`compact`: few large files instead of many small ones."""

from pathlib import Path
from typing import Final

import click

from batcher.run.lock import exclusive
from batcher.store.compact import TARGET_BYTES
from batcher.store.compact import compact as merge
from batcher.store.result import load_result
from mmexplain.exit import Exit

MB: Final = 1 << 20


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option(
    "--target-mb",
    type=click.IntRange(min=1),
    default=TARGET_BYTES // MB,
    show_default=True,
    help="Of a file of the largest table.",
)
def compact(*, result: Path, target_mb: int) -> Exit:
    """Merge the many small files of RESULT into few large ones; the rows stay as they are.

    Interrupted, it leaves a valid result, and goes on when it is run again.
    """
    load_result(result)
    with exclusive(result):
        done = merge(result, target_mb * MB)
    click.echo(f"{result}: {done.replaced} units are in {done.merged} now" if done.merged else f"{result} is compact")
    return Exit.DONE
