"""`python -m bench.estimation`."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import click
from threadpoolctl import threadpool_limits

import bench.estimation
from batcher.estimators import DEFAULT
from bench.accuracy.__main__ import PREFERRED, chosen_estimators
from bench.demo import common_options, described
from bench.estimation.encoders import FEW, Encoding, exported, of_published, of_shipped
from bench.estimation.floor import Rates, bytes_of, floor_s, flops_of, measured_rates
from bench.estimation.problem import SIZES, Problem, Size, problem_of
from bench.estimation.rows import AIM_MS, ENCODERS, MILLI, STAGES, TOTALS, EncoderRow, StageRow, TotalRow
from bench.estimation.stages import FITTED, REPEATS, explained, stage_calls, timed
from bench.output import Report, Section, publish
from export.artefact import load_artefact

GIGA: Final = 1e9
AIM_SHARE: Final = 0.05
"""Of the encoders' time, at the published size."""


def measure(
    model: Path,
    manifest: Path,
    *,
    published: Path | None = None,
    sizes: Mapping[str, Size] = SIZES,
    estimators: Sequence[str] = PREFERRED,
    repeats: int = REPEATS,
) -> Report:
    """Time explanations, and the encoders beside them.

    Args:
        model: the shipped artefact.
        manifest: its first segment is encoded.
        published: an artefact of the published size.
        sizes: of the made-up segments.
        estimators: that take a grid.
        repeats: of each timing.
    """
    with threadpool_limits(1):
        rates = measured_rates()
        totals: list[TotalRow] = []
        stages: list[StageRow] = []
        for name, size in sizes.items():
            for estimator in estimators:
                problem = problem_of(size, estimator)
                totals.append(_total_row(name, problem, estimator, rates, repeats))
                stages += _stage_rows(name, problem, estimator, repeats)
        encodings = [of_shipped(model, manifest)]
        if published is not None:
            encodings.append(of_published(published, manifest))
    beside = [_encoder_row(encoding, totals[0]) for encoding in encodings]
    options = {"sizes": list(sizes), "estimators": list(estimators), "repeats": repeats, "published": published}
    return Report(
        "estimation",
        described(load_artefact(model)),
        options,
        (
            Section(TOTALS, totals, _notes(next(iter(sizes.values())), rates)),
            Section(STAGES, stages, ("Each on its own, so their sum isn't the whole.",)),
            Section(ENCODERS, beside, _encoder_notes(totals[0], published)),
        ),
    )


def _total_row(name: str, problem: Problem, estimator: str, rates: Rates, repeats: int) -> TotalRow:
    whole, size = timed(partial(explained, problem, estimator), repeats), problem.size
    floor = floor_s(size, rates) if estimator in FITTED else None
    return TotalRow(
        size=name,
        players=" + ".join(map(str, size.n)),
        masks=" x ".join(str(len(design)) for design in problem.designs),
        estimator=estimator,
        median_ms=MILLI * whole.median,
        least_ms=MILLI * whole.least,
        floor_ms=None if floor is None else MILLI * floor,
        over_floor=None if floor is None else whole.least / floor,
        aim_ms=AIM_MS if estimator == DEFAULT and size == next(iter(SIZES.values())) else None,
    )


def _stage_rows(name: str, problem: Problem, estimator: str, repeats: int) -> Iterator[StageRow]:
    stages = {stage: timed(call, repeats) for stage, call in stage_calls(problem, estimator).items()}
    total = sum(one.least for one in stages.values())
    for stage, one in stages.items():
        yield StageRow(name, estimator, stage, MILLI * one.median, MILLI * one.least, one.least / total)


def _encoder_row(encoding: Encoding, total: TotalRow) -> EncoderRow:
    """A row; where no explanation was timed with the encoders, the made-up segment's time stands for it."""
    estimate_s = total.median_ms / MILLI if encoding.estimate_s is None else encoding.estimate_s
    return EncoderRow(
        model=encoding.model,
        players=encoding.players,
        masks=encoding.masks,
        encode_s=encoding.encode_s,
        grid_s=encoding.grid_s,
        estimate_s=estimate_s,
        share=estimate_s / encoding.encode_s,
        aim=None if encoding.estimate_s is not None else AIM_SHARE,
    )


def _notes(size: Size, rates: Rates) -> tuple[str, ...]:
    flops, bytes_ = flops_of(size) / GIGA, bytes_of(size) / GIGA
    return (
        f"Floor of the first: {flops:.2f} GFLOP at {rates.flops / GIGA:.0f} GFLOP/s, as a product of large matrices",
        f"runs here on one thread, and {bytes_:.3f} GB at {rates.bandwidth / GIGA:.1f} GB/s, as a copy runs.",
        "Designs are drawn beforehand. All classes are estimated; shares are the predicted class's.",
    )


def _encoder_notes(total: TotalRow, published: Path | None) -> tuple[str, ...]:
    own = "shipped: the manifest's first segment, explained a second time; its estimate is that run's."
    if published is None:
        return (own, "For the published size, give --published or --export.")
    return (
        own,
        f"published size: encoders with {FEW[0]} and {FEW[1]} masks of each modality, and from there on by the mask;",
        f"its estimate is that of {total.size} above, by {total.estimator}.",
    )


@click.command(help=bench.estimation.__doc__)
@common_options
@click.option("--published", type=click.Path(path_type=Path, exists=True), help="An artefact of the published size.")
@click.option("--export", "export_it", is_flag=True, help="Export one: minutes, and 1.6 GB of disk meanwhile.")
@click.option("--estimator", "estimators", multiple=True, help="[default: those that take a grid]")
@click.option("--repeats", type=click.IntRange(min=1), default=REPEATS, show_default=True)
def main(
    *,
    model: Path,
    manifest: Path,
    json_file: Path | None,
    published: Path | None,
    export_it: bool,
    estimators: tuple[str, ...],
    repeats: int,
) -> None:
    """Run the bench."""
    if published and export_it:
        raise click.UsageError("--published names an artefact and --export makes one; give one of them")
    run = partial(measure, model, manifest, estimators=chosen_estimators(estimators), repeats=repeats)
    if export_it:
        with exported() as folder:
            publish(run(published=folder), json_file)
    else:
        publish(run(published=published), json_file)


if __name__ == "__main__":
    main()
