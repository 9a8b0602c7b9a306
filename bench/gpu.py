"""A GPU: whether it computes what the CPU does, how many clips it explains a second, and how near its peak it comes.

Without --model, a model of the published size with random weights is exported in both precisions, which takes some
minutes and the extra train. The clips are made up: 22 tokens, 3.6 s of sound and 90 frames. Nothing is decoded, and one
process explains one clip after the other. With --device cpu all runs without a GPU, on arrays that stay where its
would; differences must then be 0. TensorRT takes fp32 only with NVIDIA_TF32_OVERRIDE=0 in the environment.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import click
import numpy as np
from numpy.typing import NDArray

from batcher.backends import BackendError
from batcher.backends.device import GRAPHS
from batcher.backends.onnxruntime import DEVICES, Device, OnnxRuntimeBackend, device_memory, open_graph
from batcher.backends.tensorrt import check_precision
from batcher.designs import draw_design, mask_budget
from batcher.effort import grid_effort
from batcher.explain import explain_clip
from batcher.explanation import SegmentExplanation
from batcher.grid.device_array import CUT
from batcher.grid.maskable import Divided, Maskable
from batcher.options import Options
from batcher.plan.size import Size
from batcher.players import Players, players_of
from bench.demo import described
from bench.machine import cores
from bench.night.clips import made_up_clip
from bench.output import Column, Report, Section, publish
from bench.peak import measure_peak
from export.artefact import PRECISIONS, Artefact, Precision, load_artefact
from media import Clip
from media.modality import Modality
from mmexplain.exporting import Unrecorded, export_untrained
from sseft.presets import PRESETS
from sseft.pretrained.parts import Parts

DIFFERENCES: Final = "differences from the CPU"
RATES: Final = "explanations"
REPEATS: Final = 5
COMPARED: Final = 16
"""Masks of the comparison: the CPU explains too."""
MASKS: Final = (64, 128)
MATRIX: Final = 8192
TERA: Final = 1e12

USUAL: Final = Size(tokens=22, samples=57_600, frames=90)
"""A sentence of 3.6 s."""
SHORTER: Final = 0.9
"""Of the lengths of the clip that shows what a new shape costs."""


@dataclass(frozen=True)
class DifferenceRow:
    """One artefact on the device, beside the first artefact on the CPU."""

    precision: Annotated[str, Column("precision")]
    masks: Annotated[int, Column("masks")]
    logits: Annotated[float, Column("logits", ".1e")]
    """Largest difference."""
    spread: Annotated[float, Column("their spread", ".1e")]
    """Largest logit of the CPU's less its smallest."""
    phi: Annotated[float, Column("phi", ".1e")]
    largest: Annotated[float, Column("largest phi", ".1e")]


@dataclass(frozen=True)
class RateRow:
    """Explanations of one artefact with so many masks of each modality."""

    precision: Annotated[str, Column("precision")]
    masks: Annotated[int, Column("masks")]
    first_s: Annotated[float, Column("first, s", ".2f")]
    new_shape_s: Annotated[float, Column("new shape, s", ".3f")]
    encode_s: Annotated[float, Column("encode, s", ".4f")]
    grid_s: Annotated[float, Column("grid, s", ".4f")]
    estimate_s: Annotated[float, Column("estimate, s", ".4f")]
    rate: Annotated[float, Column("explanations/s", ".2f")]
    tflop: Annotated[float, Column("TFLOP", ".3f")]
    """That encoders, pairs and head need."""
    peak: Annotated[float, Column("peak, TFLOP/s", ".2f")]
    """Of a matrix product in the artefact's precision."""
    share: Annotated[float, Column("of peak", ".1%")]
    """FLOPs over the seconds of encode and grid, over the peak."""


def measure(
    models: Sequence[Path],
    *,
    device: Device = "cuda",
    masks: Sequence[int] = MASKS,
    compared: int = COMPARED,
    matrix: int = MATRIX,
) -> Report:
    """Compare artefacts on a device with the first of them on the CPU, and time them.

    Args:
        models: artefacts of one model, each in a precision of its own.
        device: that explains.
        masks: of each modality, for the times.
        compared: masks of each modality, for the comparison.
        matrix: size of the product that is the device's peak.

    Raises:
        BackendError: the device isn't there.
    """
    first = load_artefact(models[0])
    clip = a_clip(first)
    differences, rates = [], []
    expected: Compared | None = None
    for model in models:
        backend = on_device(model, device)
        if expected is None:  # the device is there: the CPU's work isn't in vain
            expected = compared_of(OnnxRuntimeBackend.load(models[0], threads=cores()), clip, compared)
        precision = backend.artefact.precision
        differences.append(difference(precision, compared, compared_of(backend, clip, compared), expected))
        peak = measure_peak(device, precision, matrix, threads=cores())
        rates += [rate(backend, K, peak) for K in masks]
    options = {"device": device, "gpu": gpu_name(), "masks": list(masks), "matrix": matrix, "models": list(models)}
    notes = (
        f"on {gpu_name() or 'no GPU'}, device {device}; peak: the product of two [{matrix}, {matrix}] matrices",
        "TFLOP: what the graphs of one clip need; of peak: over the seconds of encode and grid",
    )
    sections = (Section(DIFFERENCES, differences), Section(RATES, rates, notes))
    return Report("gpu", described(first), options, sections)


def on_device(model: Path, device: Device) -> OnnxRuntimeBackend:
    """An artefact on a device; on the CPU too, its arrays stay where a GPU's would."""
    backend = OnnxRuntimeBackend.load(model, device=device, threads=cores())
    return replace(backend, memory=backend.memory or device_memory(device))


def a_clip(artefact: Artefact, part: float = 1.0) -> Clip:
    """Noise, of a usual sentence's lengths or a part of them."""
    size = Size(round(part * USUAL.tokens), round(part * USUAL.samples), round(part * USUAL.frames))
    return made_up_clip(size, artefact, 0)


@dataclass(frozen=True, eq=False)
class Compared:
    """What is compared of a clip."""

    logits: NDArray[np.float32]
    """[K_T, K_A, K_V, logits]."""
    phi: NDArray[np.float64]
    """[p, C]."""


def compared_of(backend: OnnxRuntimeBackend, clip: Clip, masks: int) -> Compared:
    """The grid of so many sub-masks of each modality, and the explanation of every class."""
    inputs = {
        m: Maskable(p.content, p.positions, draw_design(p.n, mask_budget(p.n, masks=masks, max_masks=masks), 0))
        for m, p in _players(clip, backend.artefact).items()
    }
    explained = explain_clip(clip, "compared", backend, Options(masks, masks, classes="all"))
    return Compared(backend.grid(inputs).logits, explained.estimate.phi)


def difference(precision: Precision, masks: int, found: Compared, expected: Compared) -> DifferenceRow:
    """Of two explanations of one clip."""
    return DifferenceRow(
        precision,
        masks,
        logits=float(np.abs(found.logits - expected.logits).max()),
        spread=float(np.ptp(expected.logits)),
        phi=float(np.abs(found.phi - expected.phi).max()),
        largest=float(np.abs(expected.phi).max()),
    )


def rate(backend: OnnxRuntimeBackend, masks: int, peak: float) -> RateRow:
    """Time a backend on the made-up clip: the first time, after another shape's, and again and again.

    Args:
        backend: that explains.
        masks: of each modality.
        peak: FLOPs a second of the device.
    """
    clip, shorter = (a_clip(backend.artefact, part) for part in (1.0, SHORTER))
    first_s, _ = _timed(backend, clip, masks)
    new_shape_s, _ = _timed(backend, shorter, masks)
    runs = [_timed(backend, clip, masks) for _ in range(REPEATS)]
    explained = runs[0][1]
    stages = {stage: median(found.seconds[stage] for _, found in runs) for stage in ("encode", "grid", "estimate")}
    divided = {m: Divided(p.content, p.positions) for m, p in _players(clip, backend.artefact).items()}
    masks_of = {m: explained.masks[m] for m in divided}
    flops = float(grid_effort(backend.artefact.work, divided, masks_of, explained.grid_points))
    return RateRow(
        backend.artefact.precision,
        masks,
        first_s=first_s,
        new_shape_s=new_shape_s,
        encode_s=stages["encode"],
        grid_s=stages["grid"],
        estimate_s=stages["estimate"],
        rate=1 / median(seconds for seconds, _ in runs),
        tflop=flops / TERA,
        peak=peak / TERA,
        share=flops / (stages["encode"] + stages["grid"]) / peak,
    )


def gpu_name() -> str | None:
    """The GPU of this machine, as its driver calls it; None without one."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return None
    asked = [command, "--query-gpu=name", "--format=csv,noheader"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603  # the driver's own command
    return told.stdout.strip().replace("\n", ", ") or None


def check_device(device: Device) -> None:
    """See that the device runs graphs of both precisions, before minutes of exporting them.

    Raises:
        BackendError: it doesn't.
    """
    open_graph(GRAPHS / f"{CUT}.onnx", device=device, threads=1)
    if device == "tensorrt":
        check_precision("fp32")


@contextmanager
def exported(preset: str) -> Iterator[list[Path]]:
    """Artefacts with random weights in each precision, while it lasts."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / precision for precision in PRECISIONS]
        for folder, precision in zip(folders, PRECISIONS, strict=True):
            export_untrained(folder, preset, Unrecorded(), seed=0, parts=Parts(), precision=precision)
        yield folders


def _players(clip: Clip, artefact: Artefact) -> dict[Modality, Players]:
    found = players_of(clip, sample_rate_hz=artefact.preprocessing.sample_rate_hz, video="space")
    return {m: players for m, players in found.items() if m in artefact.modalities}


def _timed(backend: OnnxRuntimeBackend, clip: Clip, masks: int) -> tuple[float, SegmentExplanation]:
    """Seconds of an explanation, and what it found."""
    started = time.perf_counter()
    explained = explain_clip(clip, "timed", backend, Options(masks, masks))
    return time.perf_counter() - started, explained


@click.command(help=__doc__)
@click.option(
    "--model",
    "models",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="An artefact, and the same in another precision.  [default: exported]",
)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="published", show_default=True)
@click.option("--device", type=click.Choice(DEVICES), default="cuda", show_default=True)
@click.option("--masks", type=click.IntRange(min=2), multiple=True, default=MASKS, show_default=True)
@click.option(
    "--compared", type=click.IntRange(min=2), default=COMPARED, show_default=True, help="Masks beside the CPU."
)
@click.option("--matrix", type=click.IntRange(min=1), default=MATRIX, show_default=True, help="Of the peak.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, models: tuple[Path, ...], preset: str, device: Device, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    try:
        if models:
            publish(measure(models, device=device, **options), json_file)
            return
        check_device(device)
        with exported(preset) as folders:
            publish(measure(folders, device=device, **options), json_file)
    except BackendError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
