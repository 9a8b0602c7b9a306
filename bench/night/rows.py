"""The tables of this bench."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np

from batcher.plan.sample import FloatArray
from batcher.plan.size import Size
from batcher.plan.total import Total
from bench.night.sizes import Sizes
from bench.night.workers import Explained
from bench.output import Column
from media.modality import MODALITIES, Modality

SIZES: Final = "what the model sees of a segment"
MASKS: Final = "sub-masks, over the sample"
STAGES: Final = "seconds per clip, by stage"
HOURS: Final = "hours of the whole collection"
CLIPS: Final = "clips"

AIM_HOURS: Final = 8.0
"""Of a night, on two cores at the published size."""
HOUR_S: Final = 3600
GIGA: Final = 1e9


@dataclass(frozen=True)
class SizeRow:
    """One modality of the segments that can be read."""

    what: Annotated[str, Column("of a segment")]
    median: Annotated[float, Column("median", ".2f")]
    ninety: Annotated[float, Column("90 %", ".2f")]
    largest: Annotated[float, Column("largest", ".2f")]
    total: Annotated[float, Column("sum", ",.0f")]
    lacking: Annotated[int, Column("segments\nwithout")]
    cut: Annotated[int, Column("segments\ncut")]


@dataclass(frozen=True)
class MaskRow:
    """One modality of the clips that were measured."""

    backend: Annotated[str, Column("backend")]
    modality: Annotated[str, Column("modality")]
    players: Annotated[float, Column("players\nmedian", ".0f")]
    least: Annotated[int, Column("sub-masks\nleast")]
    median: Annotated[float, Column("\nmedian", ".0f")]
    most: Annotated[int, Column("\nmost")]


@dataclass(frozen=True)
class StageRow:
    """One stage, in the mean over the whole collection."""

    backend: Annotated[str, Column("backend")]
    stage: Annotated[str, Column("stage")]
    seconds: Annotated[float, Column("seconds", ".3f")]
    low: Annotated[float, Column("\nfrom", ".3f")]
    high: Annotated[float, Column("\nto", ".3f")]
    share: Annotated[float, Column("share", ".1%")]


@dataclass(frozen=True)
class HoursRow:
    """A part of the work on the whole collection."""

    backend: Annotated[str, Column("backend")]
    part: Annotated[str, Column("part")]
    hours: Annotated[float, Column("hours", ".2f")]
    low: Annotated[float, Column("\nfrom", ".2f")]
    high: Annotated[float, Column("\nto", ".2f")]
    aim: Annotated[float | None, Column("aim", ".0f")]


@dataclass(frozen=True)
class ClipRow:
    """One clip that was measured; in the JSON alone."""

    backend: str
    index: int
    """Among the segments that can be read."""
    tokens: int
    samples: int
    frames: int
    masks: Mapping[Modality, int]
    predicted_gflop: float
    seconds: Mapping[str, float]


def size_rows(sizes: Sizes, sample_rate_hz: int) -> Iterator[SizeRow]:
    """A row for each modality."""
    readable = sizes.readable
    yield _size_row("tokens", "text", [size.tokens for size in readable], readable)
    yield _size_row("seconds of sound", "audio", [size.samples / sample_rate_hz for size in readable], readable)
    yield _size_row("frames", "video", [size.frames for size in readable], readable)


def _size_row(what: str, modality: Modality, figures: Sequence[float], sizes: Sequence[Size]) -> SizeRow:
    return SizeRow(
        what=what,
        median=float(np.median(figures)),
        ninety=float(np.quantile(figures, 0.9)),
        largest=max(figures),
        total=sum(figures),
        lacking=sum(not figure for figure in figures),
        cut=sum(modality in size.cut for size in sizes),
    )


def mask_rows(backend: str, explained: Sequence[Explained]) -> Iterator[MaskRow]:
    """A row for each modality that any clip has."""
    for modality in MODALITIES:
        having = [one for one in explained if modality in one.masks]
        if having:
            masks = [one.masks[modality] for one in having]
            players = float(np.median([one.players[modality] for one in having]))
            yield MaskRow(backend, modality, players, min(masks), float(np.median(masks)), max(masks))


def stage_rows(backend: str, totals: Mapping[str, Total], clips: int) -> Iterator[StageRow]:
    """A row for each stage, by its seconds over all clips."""
    every = sum(total.seconds for total in totals.values())
    for stage, total in totals.items():
        yield StageRow(
            backend, stage, total.seconds / clips, total.low / clips, total.high / clips, total.seconds / every
        )


def hours_rows(backend: str, explaining: Total, decode_s: float, workers: int) -> Iterator[HoursRow]:
    """Hours of explaining, of decoding and of both.

    Args:
        backend: that explained.
        explaining: seconds of one thread.
        decode_s: seconds of one thread, too.
        workers: threads among which the work is divided.
    """
    both = Total(explaining.seconds + decode_s, explaining.low + decode_s, explaining.high + decode_s)
    parts = {"explaining": explaining, "decoding": Total(decode_s, decode_s, decode_s), "all": both}
    for part, total in parts.items():
        hours, low, high = (s / workers / HOUR_S for s in (total.seconds, total.low, total.high))
        yield HoursRow(backend, part, hours, low, high, aim=AIM_HOURS if part == "all" else None)


def clip_rows(
    backend: str, explained: Mapping[int, Explained], sizes: Sequence[Size], predicted: FloatArray
) -> Iterator[ClipRow]:
    """A row for each clip that was measured."""
    for index, one in sorted(explained.items()):
        size, gflop = sizes[index], float(predicted[index]) / GIGA
        yield ClipRow(backend, index, size.tokens, size.samples, size.frames, one.masks, gflop, one.seconds)
