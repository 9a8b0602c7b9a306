"""The tables of this bench."""

from dataclasses import dataclass
from typing import Annotated, Final

from bench.output import Column

TOTALS: Final = "one segment, from logits to shares, one thread"
STAGES: Final = "its stages"
ENCODERS: Final = "beside the encoders, one thread"
AIM_MS: Final = 80.0
"""Of the first size with the default estimator."""
MILLI: Final = 1000


@dataclass(frozen=True)
class TotalRow:
    """One explanation of one size by one estimator."""

    size: Annotated[str, Column("segment")]
    players: Annotated[str, Column("players\nT + A + V")]
    masks: Annotated[str, Column("masks\nT x A x V")]
    estimator: Annotated[str, Column("estimator")]
    median_ms: Annotated[float, Column("ms\nmedian", ".1f")]
    least_ms: Annotated[float, Column("\nleast", ".1f")]
    floor_ms: Annotated[float | None, Column("floor\nms", ".1f")]
    """Of products and memory traffic; None for estimators that need other products."""
    over_floor: Annotated[float | None, Column("least over\nfloor", ".1f")]
    aim_ms: Annotated[float | None, Column("aim\nms", ".0f")]


@dataclass(frozen=True)
class StageRow:
    """One stage of it."""

    size: Annotated[str, Column("segment")]
    estimator: Annotated[str, Column("estimator")]
    stage: Annotated[str, Column("stage")]
    median_ms: Annotated[float, Column("ms\nmedian", ".2f")]
    least_ms: Annotated[float, Column("\nleast", ".2f")]
    share: Annotated[float, Column("of the stages'\nsum, least", ".0%")]


@dataclass(frozen=True)
class EncoderRow:
    """The encoders' time of one segment, and how much that of explaining is of it."""

    model: Annotated[str, Column("model")]
    players: Annotated[str, Column("players\nT + A + V")]
    masks: Annotated[str, Column("masks")]
    encode_s: Annotated[float, Column("encoders\ns", ".2f")]
    grid_s: Annotated[float | None, Column("pairs, head\ns", ".2f")]
    estimate_s: Annotated[float, Column("estimate\ns", ".3f")]
    share: Annotated[float, Column("of the\nencoders'", ".1%")]
    aim: Annotated[float | None, Column("aim", ".0%")]
