"""What a collection would cost, as a table on the terminal."""

from collections.abc import Iterator
from typing import Final

from rich.markup import escape
from rich.table import Table

from batcher.plan import Costs

UNITS: Final = {"text": "tokens", "audio": "hours of sound", "video": "frames"}
GIB: Final = 1 << 30


def costs_table(costs: Costs) -> Table:
    """One line per figure."""
    table = Table(show_header=False, title="what explaining would cost", title_justify="left")
    for name, figure in (*_collection(costs), *_machine(costs), *_gpu(costs)):
        table.add_row(name, escape(figure))
    return table


def _collection(costs: Costs) -> Iterator[tuple[str, str]]:
    found = costs.segments
    yield "segments", f"{found.selected:,}, of which {found.done:,} are done"
    yield "  readable", f"{found.readable:,.0f}, of which the model sees a part of {found.cut:,.0f}"
    first = f"; first: {': '.join(found.first_unreadable)}" if found.first_unreadable else ""
    yield "  unreadable", f"{found.unreadable:,.0f}{first}"
    if found.looked_at < found.selected - found.done:
        yield "  looked at", f"{found.looked_at:,} drawn at random, which stand for the others here and below"
    for modality, one in costs.modalities.items():
        yield modality, f"{one.amount:,.3g} {UNITS[modality]} in {one.having:,.0f} segments: {one.passes:,.0f} passes"
    yield "coalitions", f"{costs.coalitions:,.0f}"
    yield "PFLOP", ", ".join(f"{stage} {pflop:.3g}" for stage, pflop in costs.pflop.items())


def _machine(costs: Costs) -> Iterator[tuple[str, str]]:
    here, measured = costs.machine, costs.measured
    if here is None or measured is None:
        yield "this machine", "nothing is left to explain"
        return
    span = f"{here.low_hours:.3g} to {here.high_hours:.3g}, 95 % of what sampling leaves open"
    yield f"{here.workers} workers here", f"{here.hours:.3g} hours ({span})"
    yield "  by stage", ", ".join(f"{stage} {share:.0%}" for stage, share in here.shares.items())
    yield "  start and end", f"{here.start_s:.1f} and {here.end_s:.1f} s; {here.segment_s:.2f} s of a worker a segment"
    yield "  measured by", f"{measured.segments} segments in {measured.wall_s:.0f} s"
    yield "result", f"{costs.storage_bytes / GIB:.3g} GiB"


def _gpu(costs: Costs) -> Iterator[tuple[str, str]]:
    gpu = costs.gpu
    if gpu is None:
        return
    yield f"{gpu.gpus} x {gpu.kind}", f"{gpu.hours:.3g} hours of {gpu.precision} graphs"
    peak = f"{gpu.utilisation:.0%} of {gpu.peak_tflops:g} TFLOP/s (NVIDIA's datasheet, dense)"
    yield "  assumed", f"{peak}: not measured on a GPU"
    yield (
        "  cores beside",
        f"{gpu.decode_cores:.1f} like these to decode, {gpu.estimate_cores:.1f} to estimate and write",
    )
