"""`python -m bench.night`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

import bench.night
from batcher.plan.total import CONFIDENCE
from bench.demo import MANIFEST, MODEL, described
from bench.machine import GIB
from bench.night.decoding import decode_s_per_frame
from bench.night.measurement import RATE_HZ, SAMPLE, Measured, Sampled, Settings, measured, sample_of
from bench.night.rows import (
    CLIPS,
    HOURS,
    MASKS,
    SIZES,
    STAGES,
    clip_rows,
    hours_rows,
    mask_rows,
    size_rows,
    stage_rows,
)
from bench.night.workers import BACKENDS, REFERENCE
from bench.output import Report, Section, publish
from export.artefact import load_artefact
from mmexplain.options import NumberOr


def measure(collection: Path, model: Path, settings: Settings) -> Report:
    """Explain a sample of made-up clips, and tell how long all of them take.

    Args:
        collection: lengths of its segments.
        model: the artefact.
        settings: of the measurement.

    Raises:
        click.ClickException: the collection can't be read, or has no segment that can be.
    """
    artefact = load_artefact(model)
    sampled = sample_of(collection, model, artefact, settings)
    readable, workers = sampled.sizes.readable, len(sampled.parts)
    decode_s = decode_s_per_frame(MODEL, MANIFEST) * sum(size.frames for size in readable)
    found = {backend: measured(sampled, model, backend, settings) for backend in settings.backends}
    masks = [row for name, one in found.items() for row in mask_rows(name, list(one.explained.values()))]
    stages = [row for name, one in found.items() for row in stage_rows(name, one.stages, len(readable))]
    hours = [row for name, one in found.items() for row in hours_rows(name, one.total(), decode_s, workers)]
    clips = [row for name, one in found.items() for row in clip_rows(name, one.explained, readable, sampled.predicted)]
    sizes = list(size_rows(sampled.sizes, artefact.preprocessing.sample_rate_hz))
    options = asdict(settings) | {"collection": collection.name, "workers": workers, "precision": artefact.precision}
    return Report(
        "night",
        described(artefact),
        options,
        (
            Section(SIZES, sizes, _size_notes(sampled)),
            Section(MASKS, masks),
            Section(STAGES, stages, ("In the mean over the whole collection, one thread, all workers at once.",)),
            Section(HOURS, hours, (*(_note(name, one) for name, one in found.items()), *_hours_notes(sampled))),
            Section(CLIPS, clips, shown=False),
        ),
    )


def _size_notes(sampled: Sampled) -> tuple[str, ...]:
    unreadable = sampled.sizes.unreadable
    return (
        f"{len(sampled.sizes.readable) + unreadable:,} segments. Unreadable: {unreadable}, which end when they begin",
        "or before, and cost nothing. Cut: longer than the model takes. Tokens: <s> and </s> among them.",
    )


def _note(backend: str, found: Measured) -> str:
    peak = max(one.peak_bytes for one in found.worked) / GIB
    return (
        f"{backend}: {len(found.explained)} clips by {len(found.worked)} workers at once, busy {found.busy:.0%} of the "
        f"time; at most {peak:.1f} GiB each."
    )


def _hours_notes(sampled: Sampled) -> tuple[str, ...]:
    return (
        f"Seconds of one thread, over {len(sampled.parts)} workers. From, to: {CONFIDENCE:.0%}, by the combined ratio",
        f"estimate (Cochran 1977, 6.11) over strata of like predicted cost, {len(sampled.strata)} here. That is what",
        "sampling leaves open; the same machine may be slower in another hour. Decoding: of the demo's clips, by the",
        "frame of 256 x 256; larger pictures take longer. Starting, waiting and writing aren't counted.",
        "The aim is that of MELD's test split at the published size, on two cores.",
    )


@click.command(help=bench.night.__doc__)
@click.argument("collection", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--model", type=click.Path(path_type=Path, exists=True), help="An artefact.")
@click.option("--export", "export_it", is_flag=True, help="Export one of the published size: minutes, and 1.6 GB.")
@click.option("--tokenizer", type=click.Path(path_type=Path, exists=True), help="[default: the artefact's, or GPT-2's]")
@click.option("--rate", "rate_hz", type=click.FloatRange(min=1), default=RATE_HZ, show_default=True, help="Frames/s.")
@click.option("--sample", type=click.IntRange(min=2), default=SAMPLE, show_default=True, help="Clips to explain.")
@click.option("--masks", type=NumberOr("auto"), default="auto", show_default=True, help="Per modality.")
@click.option("--backend", "backends", multiple=True, type=click.Choice(list(BACKENDS)), help=f"[default: {REFERENCE}]")
@click.option("--workers", type=click.IntRange(min=1), help="Processes of one thread.  [default: cores]")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(
    *,
    collection: Path,
    model: Path | None,
    export_it: bool,
    backends: tuple[str, ...],
    json_file: Path | None,
    **options: Any,
) -> None:
    """Run the bench."""
    if (model is None) != export_it:
        raise click.UsageError("--model names an artefact and --export makes one; give one of them")
    settings = Settings(backends=backends or (REFERENCE,), **options)
    if model is not None:
        publish(measure(collection, model, settings), json_file)
        return
    from bench.estimation.encoders import exported  # noqa: PLC0415  # torch, which every worker would load too

    with exported() as folder:
        publish(measure(collection, folder, settings), json_file)


if __name__ == "__main__":
    main()
