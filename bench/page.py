"""How long does the page of a collection take to open, and how much of that is the collection?

Chromium opens it from the disk, without a window, again and again, in turn with the page of a single segment.
"""

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import click

from batcher.options import Options
from batcher.run import Run, explain_collection
from batcher.selection import Selection
from batcher.store.files import Store
from batcher.store.result import Result, load_result
from bench.demo import MANIFEST, MODEL, described
from bench.output import Column, Report, Section, publish
from export.artefact import load_artefact
from report.collection.summarise import summarise
from report.page.write import write_page

SEGMENTS: Final = 2000
TIMES: Final = 5
OPENED: Final = re.compile(r"(\d+(,\d+)*) segments? explained|of (\d+(,\d+)*) segments? explained")


@dataclass(frozen=True)
class Row:
    """One page."""

    segments: Annotated[int, Column("segments")]
    written_s: Annotated[float, Column("written in, s", ".1f")]
    opened_s: Annotated[float, Column("opened in, s", ".2f")]
    index_kib: Annotated[float, Column("index, KiB", ".0f")]


def measure(*, segments: int = SEGMENTS, times: int = TIMES) -> Report:
    """Open pages.

    Args:
        segments: of the larger page: one explained clip under so many ids.
        times: that each is opened, in turn; the median counts, with the start of the browser.
    """
    with tempfile.TemporaryDirectory() as scratch:
        rows = list(_rows(Path(scratch), (1, segments), times))
    figures = {"segments": segments, "times": times}
    return Report("page", described(load_artefact(MODEL)), figures, (Section("page", rows),))


def _rows(folder: Path, sizes: tuple[int, ...], times: int) -> Iterator[Row]:
    run = Run(
        MANIFEST, MODEL, folder / "one", options=Options(masks=8, max_masks=8), selection=Selection((), 1), workers=0
    )
    explain_collection(run)
    pages, written = {}, {}
    for size in sizes:
        result = _repeated(load_result(run.out), folder / f"result-{size}", size)
        begun = time.perf_counter()
        pages[size] = write_page(result, summarise(result), folder / f"page-{size}")
        written[size] = time.perf_counter() - begun
    opened: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(times):
        for size in sizes:
            opened[size].append(_open(pages[size]))
    for size in sizes:
        index = (pages[size].parent / "report" / "index.js").stat().st_size / 1024
        yield Row(size, written[size], median(opened[size]), index)


def _repeated(result: Result, folder: Path, times: int) -> Result:
    """A result that holds every row so many times, under other ids."""
    store = Store(folder, {})
    folder.mkdir()
    tables: dict[str, list[dict[str, Any]]] = {
        name: [row | {"segment_id": f"{row['segment_id']}-{i}"} for i in range(times) for row in rows]
        for name in ("contributions", "attributions", "timings", "segments")
        for rows in [result.table(name).to_pylist()]
    }
    store.write_unit("all", tables)
    (folder / "run.json").write_text(json.dumps(result.run))
    return load_result(folder)


def _open(page: Path) -> float:
    """Seconds until the browser has drawn the page and gone.

    Raises:
        ClickException: there is no browser, or it shows no segments.
    """
    browser = shutil.which("chromium")
    if browser is None:
        raise click.ClickException("no browser: apt-get install chromium")
    begun = time.perf_counter()
    done = subprocess.run(  # noqa: S603  # Debian's browser on a file of ours
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    if not OPENED.search(done.stdout):
        raise click.ClickException(f"{page} shows no segments")
    return seconds


@click.command(help=__doc__)
@click.option("--segments", type=click.IntRange(min=2), default=SEGMENTS, show_default=True)
@click.option("--times", type=click.IntRange(min=1), default=TIMES, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path))
def main(segments: int, times: int, json_file: Path | None) -> None:
    """Print the table."""
    publish(measure(segments=segments, times=times), json_file)


if __name__ == "__main__":
    main()
