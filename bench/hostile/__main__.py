"""Decode thousands of damaged files, each kind of container and of damage, and count what becomes of them.

They are decoded in a process of their own: one that dies, or takes longer than the limit, is named by its container,
damage and seed, from which `bench.hostile.damage` makes the same bytes again.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import click

from bench.hostile.damage import DAMAGES, damaged
from bench.hostile.decoder import OUTCOMES, Decoder, Outcome
from bench.hostile.sources import SOURCES
from bench.output import Column, Report, Section, publish

FILES: Final = 40
"""Of each container and damage."""
LIMIT_S: Final = 10.0
NAMED: Final = frozenset({"unforeseen", "dead", "late"})
"""Outcomes that are faults."""


@dataclass(frozen=True)
class Row:
    """What became of the damaged files of a container."""

    source: Annotated[str, Column("container")]
    damage: Annotated[str, Column("damage")]
    whole: Annotated[int, Column("decoded")]
    cut: Annotated[int, Column("decoded in part")]
    refused: Annotated[int, Column("refused")]
    unforeseen: Annotated[int, Column("unforeseen error")]
    dead: Annotated[int, Column("process died")]
    late: Annotated[int, Column("over the limit")]
    most_s: Annotated[float, Column("longest, s", ".2f")]


@dataclass(frozen=True)
class Fault:
    """A file that shouldn't have done this."""

    source: Annotated[str, Column("container")]
    damage: Annotated[str, Column("damage")]
    seed: Annotated[int, Column("seed")]
    outcome: Annotated[str, Column("outcome")]


def measure(sources: Sequence[str] = tuple(SOURCES), *, files: int = FILES, limit_s: float = LIMIT_S) -> Report:
    """Damage and decode.

    Args:
        sources: names of containers.
        files: of each container and damage.
        limit_s: for one file.
    """
    faults: list[Fault] = []
    decoder = Decoder(limit_s)
    with tempfile.TemporaryDirectory() as folder:
        try:
            rows = [
                _row(decoder, Path(folder), source, damage, files, faults) for source in sources for damage in DAMAGES
            ]
        finally:
            decoder.close()
    options = {"sources": list(sources), "files": files, "limit_s": limit_s}
    sections = [Section("damaged files", rows, (f"{files} seeds each, at most {limit_s:g} s.",))]
    if faults:
        sections.append(Section("faults", faults))
    return Report("hostile", "none", options, tuple(sections))


def _row(decoder: Decoder, folder: Path, source: str, damage: str, files: int, faults: list[Fault]) -> Row:
    content = SOURCES[source].content()
    path = folder / f"x{SOURCES[source].suffix}"
    counts: Counter[Outcome] = Counter()
    most_s = 0.0
    for seed in range(files):
        path.write_bytes(damaged(content, damage, f"{source} {seed}"))
        started = time.perf_counter()
        outcome = decoder.outcome(path)
        most_s = max(most_s, time.perf_counter() - started)
        counts[outcome] += 1
        if outcome in NAMED:
            faults.append(Fault(source, damage, seed, outcome))
    return Row(source, damage, **{name: counts[name] for name in OUTCOMES}, most_s=most_s)


@click.command(help=__doc__)
@click.option("--source", "sources", type=click.Choice(list(SOURCES)), multiple=True, default=tuple(SOURCES))
@click.option("--files", type=click.IntRange(min=1), default=FILES, show_default=True)
@click.option("--limit-s", type=click.FloatRange(min=0, min_open=True), default=LIMIT_S, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(**options), json_file)


if __name__ == "__main__":
    main()
