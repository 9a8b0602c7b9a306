"""`validate`: is a result whole?"""

from pathlib import Path

import click

from batcher.store.result import load_result
from batcher.store.validate import validate as find_problems
from mmexplain.exit import Exit
from mmexplain.progress import UNTRAINED


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
def validate(*, result: Path) -> Exit:
    """Check RESULT: schemas, efficiency, shares, and that no segment is missing or stands twice."""
    return print_problems(result)


def print_problems(folder: Path) -> Exit:
    """Print what is wrong with a result."""
    result = load_result(folder)
    problems = find_problems(result)
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo(f"{folder} is valid" if result.run["trained"] else f"{folder} is valid; {UNTRAINED}")
    return Exit.INVALID if problems else Exit.DONE
