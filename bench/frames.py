"""How much faster one table per frame is than a run of FAb-Net for every masked picture, and how exact.

Both are ONNX graphs of the same random weights in one process. A run of many pictures takes as long as one of few, for
each, so the network's time is that of a few pictures, times all of them; the table's is that of a call.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import click
import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from batcher.backends.onnxruntime import open_graph
from bench.output import Column, Report, Section, publish
from bench.throughput.plain_frames import FRAMES, save_plain_frames
from export.frames import CELLS
from export.onnx import graphs, save_graph
from sseft.presets import PRESETS
from sseft.untrained import untrained

MASKS: Final = (16, 64, 256)
SIZE: Final = 8
"""Frames in a call."""
FEW: Final = 8
"""Masks of two frames through the network."""
ROUNDS: Final = 5

Inputs = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Row:
    """So many masks of a frame."""

    masks: Annotated[int, Column("masks")]
    network_s: Annotated[float, Column("one by one, s a frame", ".4f")]
    table_s: Annotated[float, Column("table, s a frame", ".4f")]
    ratio: Annotated[float, Column("times faster", ".1f")]
    difference: Annotated[float, Column("largest difference", ".1e")]
    spread: Annotated[float, Column("of features of", ".1e")]
    """Their standard deviation over masks, in the mean."""


def measure(preset: str, *, masks: Sequence[int] = MASKS, frames: int = SIZE, threads: int = 1) -> Report:
    """Export both graphs of a preset with random weights, and time them in turn.

    Args:
        preset: the size.
        masks: numbers of masks.
        frames: in a call of the table.
        threads: of a graph.
    """
    with TemporaryDirectory() as scratch:
        table, network = (open_graph(path, device="cpu", threads=threads) for path in _exported(preset, Path(scratch)))
    rows = [_row(table, network, K, frames) for K in masks]
    options = {"preset": preset, "masks": list(masks), "frames": frames, "threads": threads}
    notes = (f"{threads} thread(s); {frames} frames in a call of the table; medians of {ROUNDS} rounds, in turn.",)
    return Report(
        "frames", f"FAb-Net of the preset {preset}, random weights", options, (Section("frames", rows, notes),)
    )


def _exported(preset: str, folder: Path) -> tuple[Path, Path]:
    """Files of the table and of the network."""
    model = untrained(replace(PRESETS[preset](), modalities=("video",)), 0)
    table = folder / "table.onnx"
    save_graph(next(graph for graph in graphs(model) if graph.name == FRAMES), table)
    return table, save_plain_frames(model.fabnet, folder)


def _row(table: InferenceSession, network: InferenceSession, K: int, frames: int) -> Row:
    few, all_masks = _inputs(2, FEW), _inputs(frames, K)
    found, expected = (session.run(None, dict(few))[0] for session in (table, network))
    taken = [(_seconds(network, few) / (2 * FEW), _seconds(table, all_masks) / frames) for _ in range(1 + ROUNDS)][1:]
    picture_s, table_s = (median(column) for column in zip(*taken, strict=True))
    return Row(
        K,
        K * picture_s,
        table_s,
        median(K * one / other for one, other in taken),
        float(np.abs(found - expected).max()),
        float(expected.std(axis=0).mean()),
    )


def _inputs(frames: int, masks: int) -> Inputs:
    rng = np.random.default_rng(0)
    return {
        "frames": rng.integers(256, size=(frames, 3, 256, 256), dtype=np.uint8),
        "player": np.tile(np.arange(CELLS**2).reshape(CELLS, CELLS), (frames, 1, 1)),
        "keep": rng.random((masks, CELLS**2)) < 1 / 2,
    }


def _seconds(session: InferenceSession, inputs: Inputs) -> float:
    started = time.perf_counter()
    session.run(None, dict(inputs))
    return time.perf_counter() - started


@click.command(help=__doc__)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="published", show_default=True)
@click.option("--masks", type=click.IntRange(min=1), multiple=True, default=MASKS, show_default=True)
@click.option("--frames", type=click.IntRange(min=1), default=SIZE, show_default=True, help="In a call.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, preset: str, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(preset, **options), json_file)


if __name__ == "__main__":
    main()
