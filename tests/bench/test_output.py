import json
from dataclasses import asdict, dataclass
from typing import Annotated

from bench.machine import this_machine
from bench.output import Column, Report, Section, publish


@dataclass(frozen=True)
class Row:
    name: Annotated[str, Column("what")]
    seconds: Annotated[float | None, Column("how long", ".2f")]
    hidden: int = 0


REPORT = Report("a bench", "some weights", {"masks": 32}, (Section("times", [Row("one", 1.234), Row("two", None)]),))


def test_the_machine_comes_first(capsys):
    REPORT.print()
    assert capsys.readouterr().out.startswith(str(this_machine()))


def test_a_table_shows_the_fields_that_have_a_column(capsys):
    REPORT.print()
    printed = capsys.readouterr().out
    assert "how long" in printed
    assert "1.23" in printed
    assert "1.234" not in printed
    assert "hidden" not in printed


def test_the_json_file_holds_machine_options_and_every_figure(tmp_path):
    publish(REPORT, tmp_path / "figures.json")
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["machine"] == asdict(this_machine())
    assert written["options"] == {"masks": 32}
    assert written["tables"]["times"][0] == {"name": "one", "seconds": 1.234, "hidden": 0}
