"""What a run reports while it goes on."""

from dataclasses import dataclass

from batcher.run.totals import Totals


@dataclass(frozen=True)
class RowSkipped:
    """A row of the collection describes no segment and is left out."""

    place: str
    problem: str


@dataclass(frozen=True)
class Compared:
    """A backend was held against ONNX Runtime, now or at an earlier start (`batcher.agreement`)."""

    backend: str
    precision: str
    clips: int
    value: float
    attribution: float
    share: float
    time: float


@dataclass(frozen=True)
class Started:
    """Everything is ready; explaining begins."""

    total: int
    """Segments that the run covers."""
    done: int
    """Of these, done before it started."""
    trained: bool
    """False: the model's weights are random, and its explanations mean nothing."""


@dataclass(frozen=True)
class SegmentFailed:
    """A segment became an error row."""

    segment_id: str
    stage: str
    error: str
    status: str
    """Whether it lasts or passes (`batcher.outcome`)."""


@dataclass(frozen=True)
class UnitDone:
    """A unit of work was committed."""

    done: int
    total: int
    failed: int
    """Failures since the start."""
    segments_per_second: float
    seconds_left: float
    unit: Totals
    """Of this unit alone."""


@dataclass(frozen=True)
class Finished:
    """Nothing is left to do: what the result folder holds."""

    segments: int
    """Done, explained or not."""
    explained: int
    failures: tuple[tuple[str, int, str], ...]
    """Of the segments that aren't explained: reason, how many, the first one's id; most frequent first."""
    trained: bool

    @property
    def failed(self) -> int:
        """Segments that aren't explained."""
        return self.segments - self.explained


Event = RowSkipped | Compared | Started | SegmentFailed | UnitDone | Finished
