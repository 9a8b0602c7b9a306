"""What a server says of its models: how many requests, and how long they waited and were computed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from tritonclient.grpc import InferenceServerClient

NANO: Final = 1e-9


@dataclass(frozen=True)
class Spent:
    """By one model, since its server started or between two moments."""

    requests: float = 0
    whole_s: float = 0
    """From a request's arrival to its answer."""
    queue_s: float = 0
    input_s: float = 0
    infer_s: float = 0
    output_s: float = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, earlier: "Spent") -> "Spent":
        return Spent(*(getattr(self, f.name) - getattr(earlier, f.name) for f in fields(self)))


Statistics = Mapping[str, Spent]
"""By model."""


def statistics(client: InferenceServerClient) -> Statistics:
    """Of all models, since the server started."""
    found = {}
    for model in client.get_inference_statistics().model_stats:
        spent = model.inference_stats
        parts = (spent.success, spent.queue, spent.compute_input, spent.compute_infer, spent.compute_output)
        found[model.name] = Spent(spent.success.count, *(NANO * part.ns for part in parts))
    return found


def between(earlier: Statistics, later: Statistics) -> Statistics:
    """What was spent between two moments."""
    return {model: spent - earlier.get(model, Spent()) for model, spent in later.items()}


def total(several: list[Statistics]) -> Statistics:
    """What was spent in all of some spans."""
    return {model: sum((one[model] for one in several), Spent()) for model in several[0]}
