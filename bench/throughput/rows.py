"""The tables of this bench."""

from dataclasses import dataclass
from typing import Annotated, Final

from bench.output import Column

RATE: Final = "explanations per second"
SPLIT: Final = "seconds per segment"
GRAPHS: Final = "one clip, graph by graph"
OVERHEAD: Final = "one clip, and what is spent outside its graphs"
OTHERS: Final = "the same clip, explained by others"
PERCENT: Final = ".1%"


@dataclass(frozen=True)
class RateRow:
    """The run as a whole, or without its start."""

    part: Annotated[str, Column("part")]
    segments: Annotated[int, Column("segments")]
    seconds: Annotated[float, Column("wall seconds", ".2f")]
    rate: Annotated[float, Column("explanations/s", ".2f")]
    overhead: Annotated[float, Column("overhead", PERCENT)]
    """Of wall time x workers, the share that is in no stage."""


@dataclass(frozen=True)
class StageRow:
    """One stage of the run, in the mean over segments."""

    stage: Annotated[str, Column("stage")]
    seconds: Annotated[float, Column("seconds", ".4f")]
    share: Annotated[float, Column("share", PERCENT)]


@dataclass(frozen=True)
class GraphRow:
    """One stage of one clip; None where it runs no graph."""

    model: Annotated[str, Column("model")]
    stage: Annotated[str, Column("stage")]
    calls: Annotated[int | None, Column("calls")]
    gflop: Annotated[float | None, Column("GFLOP\nneeded", ",.3f")]
    """Of products, as the graphs do them."""
    separate_gflop: Annotated[float | None, Column("\none by one", ",.3f")]
    """If each sub-mask, pair or combination of them ran the model's part by itself, and each frame FAb-Net."""
    saved: Annotated[float | None, Column("one by one\n/ needed", ",.1f")]
    seconds: Annotated[float, Column("seconds", ",.4f")]
    gflops: Annotated[float | None, Column("GFLOP/s", ",.1f")]
    of_product: Annotated[float | None, Column("of the\nproduct's", ".0%")]
    gb: Annotated[float | None, Column("GB\nmoved", ",.3f")]
    """Inputs, outputs and weights of each call, once."""
    gbs: Annotated[float | None, Column("GB/s", ",.2f")]


@dataclass(frozen=True)
class ClipRow:
    """One clip, explained."""

    model: Annotated[str, Column("model")]
    players: Annotated[str, Column("players")]
    masks: Annotated[str, Column("masks")]
    product_gflops: Annotated[float, Column("matrix product\nGFLOP/s", ",.0f")]
    graphs_s: Annotated[float, Column("seconds\nin graphs", ",.3f")]
    seconds: Annotated[float, Column("\nin all", ",.3f")]
    overhead: Annotated[float, Column("overhead", PERCENT)]
    """What isn't in graphs, over what is."""
    aim: Annotated[float, Column("aim", ".0%")]


@dataclass(frozen=True)
class OtherRow:
    """One way to explain the clip."""

    model: Annotated[str, Column("model")]
    way: Annotated[str, Column("way")]
    until: Annotated[str, Column("until")]
    coalitions: Annotated[float, Column("coalitions", ",.0f")]
    """That it asks for; of the grid, its points."""
    passes: Annotated[float, Column("encoder\npasses", ",.0f")]
    gflop_each: Annotated[float | None, Column("GFLOP\neach", ",.2f")]
    seconds_each: Annotated[float | None, Column("seconds\neach", ",.4f")]
    seconds: Annotated[float, Column("seconds", ",.1f")]
    pass_ratio: Annotated[float, Column("over ours:\npasses", ",.1f")]
    time_ratio: Annotated[float, Column("\ntime", ",.1f")]
    flop_ratio: Annotated[float, Column("\nFLOPs", ",.1f")]
    least_time_ratio: Annotated[float | None, Column("\ntime, least\nof games", ",.1f")]
    run: Annotated[int | None, Column("coalitions\nrun", ",")]
    extrapolated: Annotated[bool, Column("extra-\npolated")]
    """Seconds are those of the coalitions that were run, times what it asks for over them."""
