"""The tables of this bench."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Final

from bench.output import Column
from bench.serving.rounds import Taken
from bench.serving.served import Requests
from bench.serving.statistics import total

RATES: Final = "segments per second"
REQUESTS: Final = "a request, in seconds"
MODELS: Final = "in the server, by model"
LOCAL: Final = "in process"
AIM: Final = 0.9
"""Of the throughput in process, at the published size."""
MS: Final = 1e3


@dataclass(frozen=True)
class RateRow:
    """One way of explaining."""

    way: Annotated[str, Column("way")]
    rate: Annotated[float, Column("segments/s", ".3f")]
    ratio: Annotated[float, Column("of in process", ".1%")]
    least: Annotated[float, Column("least", ".1%")]
    most: Annotated[float, Column("most", ".1%")]
    aim: Annotated[float | None, Column("aim", ".0%")]


@dataclass(frozen=True)
class RequestRow:
    """The mean request with so many in flight."""

    in_flight: Annotated[int, Column("in flight")]
    client_s: Annotated[float, Column("client", ".3f")]
    transport_s: Annotated[float, Column("transport", ".4f")]
    """The client's without the server's: gRPC, and copying into shared memory."""
    queue_s: Annotated[float, Column("queue", ".3f")]
    input_s: Annotated[float, Column("input", ".4f")]
    infer_s: Annotated[float, Column("infer", ".3f")]
    output_s: Annotated[float, Column("output", ".4f")]


@dataclass(frozen=True)
class ModelRow:
    """One graph, with so many requests in flight."""

    in_flight: Annotated[int, Column("in flight")]
    model: Annotated[str, Column("graph")]
    calls: Annotated[float, Column("calls a clip", ".1f")]
    queue_ms: Annotated[float, Column("queue, ms", ".1f")]
    input_ms: Annotated[float, Column("input, ms", ".2f")]
    infer_ms: Annotated[float, Column("infer, ms", ".1f")]
    output_ms: Annotated[float, Column("output, ms", ".2f")]
    clip_s: Annotated[float, Column("s a clip", ".3f")]
    """Without the queue."""


def rate_rows(rounds: Sequence[Mapping[str, Taken]], clips: int) -> Iterator[RateRow]:
    """The rates of all ways, and their ratios to the rate in process.

    Args:
        rounds: what was taken, by way.
        clips: that each explained.
    """
    compared_s = median(taken.compared_s for one in rounds for taken in one.values())
    yield RateRow(LOCAL, clips / compared_s, 1.0, 1.0, 1.0, None)
    for way in rounds[0]:
        ratios = [one[way].ratio for one in rounds]
        rate = clips / median(one[way].seconds for one in rounds)
        yield RateRow(way, rate, median(ratios), min(ratios), max(ratios), AIM)


def request_row(in_flight: int, rounds: Sequence[Requests]) -> RequestRow:
    """The mean request of some rounds."""
    spent = total([one.models for one in rounds])["explain"]
    client_s, number = sum(one.client_s for one in rounds), spent.requests
    parts = (client_s, client_s - spent.whole_s, spent.queue_s, spent.input_s, spent.infer_s, spent.output_s)
    return RequestRow(in_flight, *(seconds / number for seconds in parts))


def model_rows(in_flight: int, rounds: Sequence[Requests]) -> Iterator[ModelRow]:
    """The graphs of some rounds."""
    found = total([one.models for one in rounds])
    clips = found["explain"].requests
    for model, spent in found.items():
        if model == "explain" or not spent.requests:
            continue
        yield ModelRow(
            in_flight=in_flight,
            model=model,
            calls=spent.requests / clips,
            queue_ms=MS * spent.queue_s / spent.requests,
            input_ms=MS * spent.input_s / spent.requests,
            infer_ms=MS * spent.infer_s / spent.requests,
            output_ms=MS * spent.output_s / spent.requests,
            clip_s=(spent.input_s + spent.infer_s + spent.output_s) / clips,
        )
