"""Where a clip's time goes, graph by graph, and what is spent outside of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bench.throughput.clip import SIDE, TimedClip
from bench.throughput.recorded import GRAPH_STAGES
from bench.throughput.rows import ClipRow, GraphRow
from export.names import ENCODERS, HEAD, pair_graph
from media.modality import MODALITIES, Modality
from sseft.terms import pairs_of

PRODUCT_FLOPS: Final = 2 * SIDE**3

GIGA: Final = 1e9
AIM: Final = 0.1
"""Of the time inside the graphs."""


def graph_rows(model: str, timed: TimedClip) -> Iterator[GraphRow]:
    """A row for each stage, those that run graphs first; then the whole, and what comes before it.

    Args:
        model: what tables call it.
        timed: the clip.
    """
    grid, estimate_s = timed.taken["grid"], timed.explanation.seconds["estimate"]
    stages = [stage for stage in GRAPH_STAGES if grid.of_stage(stage)]
    for stage in stages:
        yield _row_of_graphs(model, stage, timed, [stage], sum(call.seconds for call in grid.of_stage(stage)))
    yield _row_without_graphs(model, "estimate", estimate_s)
    yield _row_without_graphs(model, "the rest", grid.seconds - grid.graphs_s - estimate_s)
    yield _row_of_graphs(model, "in all", timed, stages, grid.seconds)
    yield _row_without_graphs(model, "decode, before", timed.taken["decode"].seconds)


def clip_row(model: str, timed: TimedClip) -> ClipRow:
    """The overhead of a clip."""
    grid = timed.taken["grid"]
    return ClipRow(
        model=model,
        players=" + ".join(map(str, timed.game.n)),
        masks=" x ".join(map(str, timed.explanation.masks.values())),
        product_gflops=PRODUCT_FLOPS / timed.taken["product"].seconds / GIGA,
        graphs_s=grid.graphs_s,
        seconds=grid.seconds,
        overhead=grid.seconds / grid.graphs_s - 1,
        aim=AIM,
    )


def runs_one_by_one(masks: Mapping[Modality, int]) -> dict[str, int]:
    """How often each graph runs if every sub-mask, pair or combination of them has a run of its own.

    Args:
        masks: of each modality, 0 of those that are absent, for which a constant stands.
    """
    K = {m: max(1, masks[m]) for m in MODALITIES}
    encoders = {graph: K[m] for m, graphs in ENCODERS.items() for graph in graphs}
    pairs = {pair_graph(x, y): K[x] * K[y] for x, y in pairs_of(MODALITIES)}
    return encoders | pairs | {HEAD: math.prod(K.values())}


def _row_of_graphs(model: str, name: str, timed: TimedClip, stages: Sequence[str], seconds: float) -> GraphRow:
    calls = [call for call in timed.taken["grid"].calls if call.stage in stages]
    flops = sum(timed.flops[call.form] for call in calls)
    separate = _flops_one_by_one(timed, stages)
    moved = sum(call.bytes + timed.weights[call.form.graph] for call in calls)
    rate = flops / seconds
    return GraphRow(
        model=model,
        stage=name,
        calls=len(calls),
        gflop=flops / GIGA,
        separate_gflop=separate / GIGA,
        saved=separate / flops,
        seconds=seconds,
        gflops=rate / GIGA,
        of_product=rate * timed.taken["product"].seconds / PRODUCT_FLOPS,
        gb=moved / GIGA,
        gbs=moved / seconds / GIGA,
    )


def _flops_one_by_one(timed: TimedClip, stages: Sequence[str]) -> int:
    """As a black box runs the graphs: with one mask, and FAb-Net frame by frame."""
    runs = runs_one_by_one(timed.explanation.masks)
    calls = [call for call in timed.taken["black box"].calls if call.stage in stages]
    return sum(runs[call.form.graph.stem] * timed.flops[call.form] for call in calls)


def _row_without_graphs(model: str, stage: str, seconds: float) -> GraphRow:
    return GraphRow(model, stage, None, None, None, None, seconds, None, None, None, None)
