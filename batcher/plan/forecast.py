"""From a collection and a run over a sample of it to what explaining it would cost."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from batcher.backends.choice import ComputePrecision
from batcher.collection import CollectionError, Segment
from batcher.plan.calibration import EXPLAINING, Calibration, calibrate, warm_up_name
from batcher.plan.gpus import HOUR_S, UTILISATION, GpuCosts, gpu_costs
from batcher.plan.prediction import STAGES, Predicted, Stage, predicted
from batcher.plan.sample import FloatArray, Stratum, draw_strata
from batcher.plan.schedule import makespan_s
from batcher.plan.size import Size
from batcher.plan.survey import MOST, Survey, survey
from batcher.plan.total import Total, total_of
from batcher.run import Run
from batcher.run.job import job_of
from batcher.run.unit import unit_size
from export.artefact import Artefact
from media import MediaError
from media.modality import MODALITIES, Modality

SAMPLE: Final = 12
SECONDS: Final = 60.0
PETA: Final = 1e15


@dataclass(frozen=True)
class Settings:
    """Of a plan."""

    sample: int = SAMPLE
    """Segments that are explained, at most."""
    seconds: float = SECONDS
    """After which no more of them are."""
    gpus: int | None = None
    gpu_kind: str = "h100"
    """Of `batcher.plan.gpus.KINDS`."""
    utilisation: float = UTILISATION
    """Share of a GPU's peak that the graphs are taken to reach."""
    seed: int = 0
    """Of the draw."""


@dataclass(frozen=True)
class Segments:
    """Counts; of a large collection, all but the first two are scaled from those that were looked at."""

    selected: int
    done: int
    readable: float
    unreadable: float
    cut: float
    looked_at: int
    first_unreadable: tuple[str, str] | None
    """The id of one of them, and why."""


@dataclass(frozen=True)
class ModalityCosts:
    """One modality of all segments that are left."""

    having: float
    """Segments."""
    amount: float
    """Tokens, hours of sound, or frames."""
    passes: float
    """Of the encoder."""


@dataclass(frozen=True)
class ThisMachine:
    """The rest of the collection on this machine, or on the cluster that was named."""

    workers: int
    hours: float
    low_hours: float
    high_hours: float
    """The interval that sampling leaves open; the machine may be slower in another hour."""
    start_s: float
    end_s: float
    segment_s: float
    """Of a worker, per segment."""
    shares: Mapping[str, float]
    """Of all processes' seconds, by stage: decode, encode, grid, estimate and write."""


@dataclass(frozen=True)
class Measured:
    """The calibration, in short."""

    segments: int
    wall_s: float
    waiting: float


@dataclass(frozen=True)
class Costs:
    """What explaining a collection would cost."""

    segments: Segments
    modalities: Mapping[Modality, ModalityCosts]
    coalitions: float
    pflop: Mapping[Stage, float]
    machine: ThisMachine | None = None
    """None: nothing is left to explain, here and below."""
    gpu: GpuCosts | None = None
    storage_bytes: float = 0.0
    measured: Measured | None = None


@dataclass(frozen=True, eq=False)
class _Work:
    """The readable segments, what each should take, and what a sample took."""

    survey: Survey
    expected: Sequence[Predicted]
    flop: FloatArray
    strata: Sequence[Stratum]
    found: Calibration

    def stage(self, *stages: str) -> Total:
        """Seconds of some stages, over the readable segments that were looked at."""
        seconds = [self.found.seconds.get(segment.segment_id, {}) for segment in self.survey.readable]
        drawn = [int(i) for stratum in self.strata for i in stratum.drawn]
        return total_of(self.strata, self.flop, {i: sum(seconds[i][stage] for stage in stages) for i in drawn})


def plan_collection(run: Run, settings: Settings | None = None) -> Costs:
    """Say what a run would cost, by its collection's rows, its media's headers and a short run over a sample.

    Args:
        run: as of `explain_collection`; what `out` holds already is left out, and nothing is written there. With a
            cluster, the sample's result is written beside it, where every node sees it.
        settings: of the plan.

    Raises:
        ArtefactError, BackendError, CollectionError, ConfigError, MediaError, StoreError: as of `explain_collection`;
            or no segment of the sample could be explained.
    """
    settings = settings or Settings()
    job = job_of(run)
    artefact = job.artefact
    looked = survey(job, seed=settings.seed)
    looked, expected = _expected(looked, run, artefact)
    costs = Costs(
        segments=_segments(looked),
        modalities=_modalities(looked, expected, artefact.preprocessing.sample_rate_hz),
        coalitions=looked.scale * sum(one.points for one in expected),
        pflop={stage: looked.scale * sum(one.flop[stage] for one in expected) / PETA for stage in STAGES},
    )
    if not expected:
        if looked.looked_at:
            name, error = looked.unreadable[0]
            raise CollectionError(
                f"none of {len(looked.looked_at)} segments can be explained; {name}, for one: {error}"
            )
        return costs
    run = replace(run, workers=job.workers)
    work = _measured(run, looked, expected, settings)
    measured = Measured(sum(len(stratum.drawn) for stratum in work.strata), work.found.wall_s, work.found.waiting)
    return replace(
        costs,
        machine=_machine(work, run),
        gpu=_gpu(work, settings, job.precision),
        storage_bytes=_storage_bytes(work, run),
        measured=measured,
    )


def _expected(looked: Survey, run: Run, artefact: Artefact) -> tuple[Survey, list[Predicted]]:
    """What every readable segment should take; those that have too many players join the unreadable."""
    kept: list[tuple[Segment, Size]] = []
    expected: list[Predicted] = []
    failing = list(looked.unreadable)
    for segment, size in zip(looked.readable, looked.sizes, strict=True):
        try:
            expected.append(predicted(size, run.options, artefact))
        except (MediaError, ValueError) as error:
            failing.append((segment.segment_id, str(error)))
        else:
            kept.append((segment, size))
    readable, sizes = tuple(segment for segment, _ in kept), tuple(size for _, size in kept)
    return replace(looked, readable=readable, sizes=sizes, unreadable=tuple(failing)), expected


def _measured(run: Run, looked: Survey, expected: Sequence[Predicted], settings: Settings) -> _Work:
    """Explain a sample."""
    flop = np.array([one.total_flop for one in expected])
    strata = draw_strata(flop, settings.sample, settings.seed)
    longest = max(len(stratum.drawn) for stratum in strata)
    # One of each stratum, then another of each: any beginning is a sample.
    drawn = [int(stratum.drawn[i]) for i in range(longest) for stratum in strata if i < len(stratum.drawn)]
    shortest = np.argsort(flop, kind="stable")[: max(1, run.workers or 0)]
    warm_up = [looked.readable[i] for i in shortest]
    beside = run.out.resolve().parent if run.ray_address else None
    with TemporaryDirectory(prefix=".mmexplain-plan-", dir=beside) as folder:
        sample = [looked.readable[i] for i in drawn]
        found = calibrate(run, sample, warm_up, Path(folder), seconds=settings.seconds)
    known = {i for i in drawn if looked.readable[i].segment_id in found.seconds}
    return _Work(looked, expected, flop, known_strata(strata, known), found)


def known_strata(strata: Sequence[Stratum], known: set[int]) -> list[Stratum]:
    """The strata by what was measured before time was up; one of them all, where one would have too few."""
    kept = [replace(s, drawn=np.array([i for i in s.drawn if int(i) in known], np.intp)) for s in strata]
    if all(len(stratum.drawn) >= min(2, len(stratum.clips)) for stratum in kept):
        return kept
    return [Stratum(*(np.concatenate([getattr(s, of) for s in kept]) for of in ("clips", "drawn")))]


def _machine(work: _Work, run: Run) -> ThisMachine:
    """Hours, by the run's own order where the whole collection was looked at, else by the mean worker."""
    stages = EXPLAINING if run.workers else ("decode", *EXPLAINING)
    workers, left, found = max(1, run.workers or 0), work.survey.left, work.found
    busy = work.stage(*stages)
    per_flop = busy.seconds / float(work.flop.sum())
    each = work.flop * per_flop * found.waiting
    unit = unit_size(left, workers, run.backend.in_flight)
    if left <= MOST:
        work_s = makespan_s(_in_order(work.survey, each), workers=workers, unit=unit)
    else:
        work_s = work.survey.scale * float(each.sum()) / workers
    fixed_s = found.start_s + _first_s(work, stages, per_flop) + found.end_s
    every = {stage: work.stage(stage).seconds for stage in ("decode", *EXPLAINING)}
    low, high = (work_s * end / busy.seconds for end in (busy.low, busy.high))
    return ThisMachine(
        workers=workers,
        hours=(fixed_s + work_s) / HOUR_S,
        low_hours=(fixed_s + low) / HOUR_S,
        high_hours=(fixed_s + high) / HOUR_S,
        start_s=found.start_s,
        end_s=found.end_s,
        segment_s=float(each.mean()),
        shares={stage: seconds / sum(every.values()) for stage, seconds in every.items()},
    )


def _in_order(looked: Survey, each: FloatArray) -> list[float]:
    """Seconds of every segment that is left, 0 of those that can't be read."""
    seconds = {s.segment_id: float(of) for s, of in zip(looked.readable, each, strict=True)}
    return [seconds.get(segment.segment_id, 0.0) for segment in looked.looked_at]


def _first_s(work: _Work, stages: Sequence[str], per_flop: float) -> float:
    """What the first segment of a worker takes longer than it would later, in the mean."""
    extra = []
    for segment, flop in zip(work.survey.readable, work.flop, strict=True):
        if seconds := work.found.seconds.get(warm_up_name(segment.segment_id)):
            extra.append(sum(seconds[stage] for stage in stages) - flop * per_flop)
    return max(0.0, fmean(extra)) if extra else 0.0


def _gpu(work: _Work, settings: Settings, precision: ComputePrecision) -> GpuCosts | None:
    if settings.gpus is None:
        return None
    scale = work.survey.scale
    return gpu_costs(
        scale * float(work.flop.sum()),
        gpus=settings.gpus,
        kind=settings.gpu_kind,
        precision=precision,
        utilisation=settings.utilisation,
        decode_s=scale * work.stage("decode").seconds,
        estimate_s=scale * work.stage("estimate", "write").seconds,
    )


def _storage_bytes(work: _Work, run: Run) -> float:
    left, each = work.survey.left, work.found.bytes
    units = math.ceil(left / unit_size(left, max(1, run.workers or 0), run.backend.in_flight))
    return units * each.unit + left * each.segment


def _segments(looked: Survey) -> Segments:
    return Segments(
        selected=looked.selected,
        done=looked.done,
        readable=looked.scale * len(looked.readable),
        unreadable=looked.scale * len(looked.unreadable),
        cut=looked.scale * sum(bool(size.cut) for size in looked.sizes),
        looked_at=len(looked.looked_at),
        first_unreadable=looked.unreadable[0] if looked.unreadable else None,
    )


def _modalities(looked: Survey, expected: Sequence[Predicted], rate_hz: int) -> dict[Modality, ModalityCosts]:
    amounts: dict[Modality, list[float]] = {
        "text": [size.tokens for size in looked.sizes],
        "audio": [size.samples / rate_hz / HOUR_S for size in looked.sizes],
        "video": [size.frames for size in looked.sizes],
    }
    return {
        m: ModalityCosts(
            having=looked.scale * sum(m in one.masks for one in expected),
            amount=looked.scale * sum(amounts[m]),
            passes=looked.scale * sum(one.masks.get(m, 0) for one in expected),
        )
        for m in MODALITIES
    }
