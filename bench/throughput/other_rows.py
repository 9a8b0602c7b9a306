"""What others take for the clip: coalitions that they ask for, times what one takes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from bench.throughput.clip import TimedClip
from bench.throughput.equal_error import KERNEL, PERMUTATION, PassRatio
from bench.throughput.graph_rows import GIGA
from bench.throughput.rows import OtherRow
from bench.throughput.thesis import evaluations_of_thesis

Other = Literal["thesis", "black box"]
METHODS: Final[Mapping[str, Other]] = {PERMUTATION: "thesis", KERNEL: "black box"}
"""By the method that is repeated until its error is the grid's: how it has a coalition's value."""
NAMES: Final[Mapping[Other, str]] = {"thesis": "thesis, padded", "black box": "kernel SHAP"}


def other_rows(model: str, timed: TimedClip, ratios: Sequence[PassRatio]) -> Iterator[OtherRow]:
    """The grid, the thesis's own setting, and what others need for the grid's error.

    Args:
        model: what tables call it.
        timed: the clip.
        ratios: of encoder passes, at equal error.
    """
    own = _own_row(model, timed)
    yield own
    yield _other_row(own, "thesis", "2 p + 1 coalitions", timed, evaluations_of_thesis(timed.game.p))
    for ratio in ratios:
        # A coalition takes a pass of each encoder.
        coalitions = own.passes * ratio.median / len(timed.passes)
        least = ratio.smallest / ratio.median
        yield _other_row(own, METHODS[ratio.method], f"equal error, {ratio.group}", timed, coalitions, least)


def _own_row(model: str, timed: TimedClip) -> OtherRow:
    return OtherRow(
        model=model,
        way="grid",
        until="its masks",
        coalitions=math.prod(timed.passes),
        passes=sum(timed.passes),
        gflop_each=None,
        seconds_each=None,
        seconds=timed.taken["grid"].seconds,
        pass_ratio=1.0,
        time_ratio=1.0,
        flop_ratio=1.0,
        least_time_ratio=None,
        run=None,
        extrapolated=False,
    )


def _other_row(
    own: OtherRow, way: Other, until: str, timed: TimedClip, coalitions: float, least: float | None = None
) -> OtherRow:
    """A row of so many coalitions; `least` is the part of them that the game needs where the method does best."""
    seconds_each, flops_each = timed.taken[way].seconds, timed.flops_of(way)
    passes, seconds = coalitions * len(timed.passes), coalitions * seconds_each
    return replace(
        own,
        way=NAMES[way],
        until=until,
        coalitions=coalitions,
        passes=passes,
        gflop_each=flops_each / GIGA,
        seconds_each=seconds_each,
        seconds=seconds,
        pass_ratio=passes / own.passes,
        time_ratio=seconds / own.seconds,
        flop_ratio=coalitions * flops_each / timed.flops_of("grid"),
        least_time_ratio=None if least is None else least * seconds / own.seconds,
        run=timed.rounds,
        extrapolated=timed.rounds < coalitions,
    )
