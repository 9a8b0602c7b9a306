"""What a bench prints, and its JSON: the machine first, then its tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from rich.console import Console
from rich.table import Table

from bench.machine import Machine, this_machine


@dataclass(frozen=True)
class Column:
    """How a field of a row is shown; stands in the field's annotation."""

    heading: str
    form: str = ""
    """A format specification."""


@dataclass(frozen=True)
class Section:
    """One table: rows of one dataclass whose fields are annotated with a `Column`."""

    name: str
    rows: Sequence[Any]
    notes: tuple[str, ...] = ()
    """What a reader must know to read the figures right."""
    shown: bool = True
    """Whether it is printed, and not only written."""


@dataclass(frozen=True)
class Report:
    """The outcome of a bench."""

    bench: str
    model: str
    """Where its weights came from."""
    options: Mapping[str, Any]
    sections: tuple[Section, ...]
    machine: Machine = field(default_factory=this_machine)

    def section(self, name: str) -> Section:
        """The section of a name."""
        return next(section for section in self.sections if section.name == name)

    def print(self) -> None:
        """Show it on the terminal; wide enough for its tables where there is none."""
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=200)
        console.print(str(self.machine), markup=False)
        console.print(f"{self.bench}, model {self.model}", markup=False)
        for section in (section for section in self.sections if section.shown):
            console.print(_table(section))
            for note in section.notes:
                console.print(f"  {note}", markup=False)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        document = {
            "bench": self.bench,
            "model": self.model,
            "machine": asdict(self.machine),
            "options": dict(self.options),
            "tables": {section.name: [asdict(row) for row in section.rows] for section in self.sections},
        }
        path.write_text(json.dumps(document, indent=2, default=str) + "\n")


def publish(report: Report, json_file: Path | None) -> None:
    """Print a report, and write it where a file is named."""
    report.print()
    if json_file:
        report.write(json_file)


def _table(section: Section) -> Table:
    table = Table(title=section.name, title_justify="left")
    columns = _columns(section.rows[0])
    for name, column in columns.items():
        table.add_column(column.heading, justify="left" if isinstance(getattr(section.rows[0], name), str) else "right")
    for row in section.rows:
        table.add_row(*(_cell(getattr(row, name), column) for name, column in columns.items()))
    return table


def _columns(row: Any) -> dict[str, Column]:
    """The columns that the annotations of a row's fields hold."""
    hints = get_type_hints(type(row), include_extras=True)
    return {
        name: mark for name, hint in hints.items() for mark in getattr(hint, "__metadata__", ()) if type(mark) is Column
    }


def _cell(value: Any, column: Column) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else ""
    return format(value, column.form)
