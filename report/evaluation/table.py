"""An evaluation as tables on the terminal."""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from report.evaluation.evaluate import Evaluation
from sseft.metrics.bootstrap import Interval
from sseft.metrics.classes import ClassFigures


def evaluation_tables(evaluation: Evaluation) -> Iterator[Table]:
    """The figures, and for each choice its classes and its confusion."""
    yield _figures(evaluation)
    for name, choice in evaluation.choices.items():
        yield _classes(name, choice)
        yield _confusion(name, choice)


def _figures(evaluation: Evaluation) -> Table:
    caption = "intervals of 95 % by resampling segments"
    table = Table(title=f"{evaluation.segments:,} segments", title_justify="left", caption=caption)
    for heading in ("figure", "value", "from", "to"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for name, figure in evaluation.figures.items():
        values = (figure.value, figure.low, figure.high) if isinstance(figure, Interval) else (figure,)
        table.add_row(escape(name), *(f"{value:.3f}" for value in values))
    return table


def _classes(name: str, choice: ClassFigures) -> Table:
    table = Table(title=escape(name), title_justify="left")
    for heading in ("class", "segments", "precision", "recall", "F1"):
        table.add_column(heading, justify="left" if heading == "class" else "right")
    columns = (choice.labels, choice.support, choice.precision, choice.recall, choice.f1)
    for label, support, *figures in zip(*columns, strict=True):
        table.add_row(escape(label), f"{support:,}", *(f"{figure:.3f}" for figure in figures))
    return table


def _confusion(name: str, choice: ClassFigures) -> Table:
    """Counts, and in every row the share of the true class's segments that were predicted as each."""
    table = Table(title=escape(f"{name}: true down, predicted across"), title_justify="left")
    table.add_column("")
    for label in choice.labels:
        table.add_column(escape(label), justify="right")
    for label, row, support in zip(choice.labels, choice.confusion, choice.support, strict=True):
        shares = (f"{count:,} ({count / support:.0%})" if support else f"{count:,}" for count in row)
        table.add_row(escape(label), *shares)
    return table
