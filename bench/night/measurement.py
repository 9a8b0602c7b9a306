"""What is measured of a collection, and what each backend needs for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import click
import numpy as np

from batcher.backends.choice import open_backend
from batcher.options import Options
from batcher.plan.prediction import predicted
from batcher.plan.sample import FloatArray, Stratum, deal, draw_strata
from batcher.plan.total import Total, total_of
from batcher.slices import measure_slices
from bench.machine import cores
from bench.night.lengths import read_lengths
from bench.night.sizes import Sizes, sizes_of
from bench.night.tokens import counter
from bench.night.workers import BACKENDS, REFERENCE, Explained, Task, Worked, explain_side_by_side
from export.artefact import TOKENIZER, Artefact

SAMPLE: Final = 40
RATE_HZ: Final = 23.976
"""Of MELD's pictures."""


@dataclass(frozen=True)
class Settings:
    """Of a measurement."""

    sample: int = SAMPLE
    """Clips that are explained."""
    masks: int | Literal["auto"] = "auto"
    backends: Sequence[str] = (REFERENCE,)
    workers: int | None = None
    """Processes; None: one per core."""
    rate_hz: float = RATE_HZ
    """Frames a second, of segments that don't say how many they have."""
    tokenizer: Path | None = None
    """None: the artefact's, or else GPT-2's pieces."""
    seed: int = 0

    @property
    def options(self) -> Options:
        """Of every explanation."""
        return Options(masks=self.masks)


@dataclass(frozen=True, eq=False)
class Sampled:
    """A collection, and what of it is measured."""

    sizes: Sizes
    predicted: FloatArray
    """FLOP [N] of the segments that can be read."""
    strata: Sequence[Stratum]
    parts: Sequence[Sequence[int]]
    """What each worker explains: indices among these segments."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What one backend needs."""

    sampled: Sampled
    worked: Sequence[Worked]

    @cached_property
    def explained(self) -> Mapping[int, Explained]:
        """Every clip of the sample, by its index."""
        return {clip: found for one in self.worked for clip, found in one.explained.items()}

    def total(self, stage: str | None = None) -> Total:
        """Seconds of a stage, or of the whole, over all clips."""
        seconds = {c: e.whole_s if stage is None else e.seconds[stage] for c, e in self.explained.items()}
        return total_of(self.sampled.strata, self.sampled.predicted, seconds)

    @property
    def stages(self) -> Mapping[str, Total]:
        """The total of each stage."""
        return {stage: self.total(stage) for stage in next(iter(self.explained.values())).seconds}

    @property
    def busy(self) -> float:
        """How much of the time the workers worked, from the first's start to the last's end."""
        return sum(one.seconds for one in self.worked) / len(self.worked) / max(one.seconds for one in self.worked)


def sample_of(collection: Path, model: Path, artefact: Artefact, settings: Settings) -> Sampled:
    """Draw what is measured.

    Args:
        collection: lengths of its segments.
        model: the artefact's folder.
        artefact: what it says.
        settings: of the measurement.

    Raises:
        click.ClickException: the collection can't be read, or has no segment that can be.
        MediaError: the tokenizer can't be read.
    """
    own = model / TOKENIZER if TOKENIZER in artefact.files else None
    lengths = read_lengths(collection, counter(settings.tokenizer or own))
    sizes = sizes_of(lengths, artefact.preprocessing, settings.rate_hz)
    if not sizes.readable:
        raise click.ClickException(f"none of the {sizes.unreadable} segments of {collection} ends after it begins")
    flop = np.array([predicted(size, settings.options, artefact).total_flop for size in sizes.readable])
    strata = draw_strata(flop, settings.sample, settings.seed)
    drawn = [int(clip) for stratum in strata for clip in stratum.drawn]
    workers = min(settings.workers or cores(), len(drawn))
    return Sampled(sizes, flop, strata, deal(flop, drawn, workers, settings.seed))


def measured(sampled: Sampled, model: Path, backend: str, settings: Settings) -> Measured:
    """Explain the sample by one backend."""
    slices = measure_slices(open_backend(model, BACKENDS[backend]))
    task = Task(model, backend, settings.options, settings.seed, slices)
    return Measured(sampled, explain_side_by_side(task, sampled.sizes.readable, sampled.parts))
