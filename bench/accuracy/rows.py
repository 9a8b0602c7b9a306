"""The tables of this bench."""

from dataclasses import dataclass
from typing import Annotated, Final

from bench.output import Column

MASKS: Final = (16, 32, 64, 128)
"""K: sub-masks of each modality."""
AT: Final = 64
"""The K whose error is to be reached."""
LEAST_ERROR: Final = 0.01
"""Below this, what is left to reach matters to nobody: where one player decides, all methods are exact to 1e-5."""

GAMES: Final = "games"
OWN: Final = "the project's estimators: relative L2 error with K sub-masks of each modality"
RATIOS: Final = f"what others need for the error at K = {AT}"
LIBRARIES_COMPARED: Final = "passes over ours, by method: geometric means"
SUMMARY: Final = "the best other method of each game, over ours: geometric means"
POINTS: Final = "points"


@dataclass(frozen=True)
class GameRow:
    """What one game is like."""

    game: Annotated[str, Column("game")]
    players: Annotated[str, Column("players\nT + A + V")]
    text: Annotated[float, Column("share of\ntext", ".1%")]
    audio: Annotated[float, Column("\naudio", ".1%")]
    video: Annotated[float, Column("\nvideo", ".1%")]
    none: Annotated[float, Column("v(none)", ".3f")]
    all: Annotated[float, Column("v(all)", ".3f")]
    deviation: Annotated[float, Column("deviation\nof v", ".3f")]
    """Standard deviation over all coalitions."""
    masks: Annotated[str, Column(f"masks at\nK = {AT}")]

    @property
    def largest(self) -> float:
        """The largest share of a modality."""
        return max(self.text, self.audio, self.video)


@dataclass(frozen=True)
class OwnRow:
    """Errors of one of the project's estimators on one game; the fields stand for `MASKS`."""

    game: Annotated[str, Column("game")]
    estimator: Annotated[str, Column("estimator")]
    error_16: Annotated[float, Column("error at\nK = 16", ".4f")]
    error_32: Annotated[float, Column("\n32", ".4f")]
    error_64: Annotated[float, Column("\n64", ".4f")]
    error_128: Annotated[float, Column("\n128", ".4f")]
    passes: Annotated[float, Column(f"passes\nat {AT}", ",.0f")]
    points: Annotated[float, Column(f"grid points\nat {AT}", ",.0f")]
    tflop: Annotated[float, Column(f"TFLOP\nat {AT}", ".2f")]
    seconds: Annotated[float, Column(f"seconds of\nestimate at {AT}", ".4f")]


@dataclass(frozen=True)
class RatioRow:
    """What one method needs on one game for the error of the first estimator."""

    game: Annotated[str, Column("game")]
    method: Annotated[str, Column("method")]
    error: Annotated[float, Column("error", ".4f")]
    evaluations: Annotated[float, Column("evalua-\ntions", ",.0f")]
    passes: Annotated[float, Column("passes", ",.0f")]
    ratio: Annotated[float, Column("over ours:\npasses", ",.1f")]
    ratio_distinct: Annotated[float, Column("\ndistinct", ",.1f")]
    ratio_flop: Annotated[float, Column("\nFLOPs", ",.1f")]
    ratio_flop_shared: Annotated[float, Column("\nshared", ",.1f")]
    seconds: Annotated[float, Column("seconds of\nestimator", ".3f")]
    bound: Annotated[str, Column("bound")]
    distinct: float
    """Passes, if no sub-mask is encoded twice."""
    tflop: float
    """Of separate passes; next, of shared ones."""
    tflop_shared: float


@dataclass(frozen=True)
class LibraryRow:
    """One method over several games."""

    method: Annotated[str, Column("method")]
    shared: Annotated[float | None, Column("modalities\nshare", ",.1f")]
    collapsed: Annotated[float | None, Column("one over\n90 %", ",.1f")]
    best: Annotated[int, Column("games where\nit is best")]
    extrapolated: Annotated[int, Column("games beyond\nthe cap")]


@dataclass(frozen=True)
class SummaryRow:
    """The best other method over several games, by one way to count."""

    group: Annotated[str, Column("games where")]
    counted: Annotated[str, Column("counted")]
    games: Annotated[int, Column("games")]
    smallest: Annotated[float, Column("smallest", ",.1f")]
    ratio: Annotated[float, Column("geometric mean", ",.1f")]
    largest: Annotated[float, Column("largest", ",.1f")]
    aim: Annotated[float | None, Column("aim", ".0f")]


@dataclass(frozen=True)
class PointRow:
    """One point of one curve; in the JSON alone."""

    game: str
    method: str
    error: float
    passes: float
    distinct_passes: float
    cost: dict[str, float]
