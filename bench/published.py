"""What exporting the published size costs: RoBERTa-large, wav2vec-large and FAb-Net, with random weights.

Each precision is exported by a process of its own, as `mmexplain export --untrained` would, parity gate included.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, Final

import click

from bench.machine import GIB, peak_bytes
from bench.output import Column, Report, Section, publish
from export.artefact import PRECISIONS, Precision
from mmexplain.exporting import Unrecorded, export_untrained
from sseft.presets import PRESETS
from sseft.pretrained.parts import Parts

EXPORT: Final = "export"


@dataclass(frozen=True)
class Exported:
    """One export, as the process that did it saw it."""

    precision: Precision
    provenance: str
    seconds: float
    peak_bytes: int
    """Most memory that was resident at a time, mapped files included."""
    files_bytes: int
    parity: float


@dataclass(frozen=True)
class Row:
    """One precision."""

    precision: Annotated[str, Column("precision")]
    seconds: Annotated[float, Column("seconds", ".0f")]
    peak_gib: Annotated[float, Column("peak memory, GiB", ".2f")]
    files_gib: Annotated[float, Column("on disk, GiB", ".3f")]
    of_first: Annotated[float, Column("of the first's", ".1%")]
    parity: Annotated[float, Column("from PyTorch", ".1e")]


def measure(preset: str = "published", precisions: Sequence[Precision] = PRECISIONS) -> Report:
    """Export a preset with random weights in each precision, and throw the artefacts away."""
    done = [in_process_of_its_own(export, preset, precision) for precision in precisions]
    notes = ("from PyTorch: largest difference of a logit in fp32, of a probability in fp16",)
    return Report("published", done[0].provenance, {"preset": preset}, (Section(EXPORT, rows(done), notes),))


def export(preset: str, precision: Precision) -> Exported:
    """Export in this process."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "artefact"
        artefact = export_untrained(folder, preset, Unrecorded(), seed=0, parts=Parts(), precision=precision)
        return Exported(
            precision=precision,
            provenance=artefact.provenance,
            seconds=time.perf_counter() - started,
            peak_bytes=peak_bytes(),
            files_bytes=sum(path.stat().st_size for path in folder.iterdir()),
            parity=artefact.parity,
        )


def in_process_of_its_own(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a fresh interpreter, whose peak of memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def rows(done: Sequence[Exported]) -> list[Row]:
    """The table of some exports."""
    return [
        Row(
            one.precision,
            one.seconds,
            one.peak_bytes / GIB,
            one.files_bytes / GIB,
            one.files_bytes / done[0].files_bytes,
            one.parity,
        )
        for one in done
    ]


@click.command(help=__doc__)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="published", show_default=True)
@click.option("--precision", "precisions", type=click.Choice(PRECISIONS), multiple=True, default=PRECISIONS)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, preset: str, precisions: tuple[Precision, ...], json_file: Path | None) -> None:
    """Run the bench."""
    publish(measure(preset, precisions), json_file)


if __name__ == "__main__":
    main()
