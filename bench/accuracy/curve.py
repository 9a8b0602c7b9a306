"""Error against cost, and what an error costs."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Final, Literal

LAST: Final = 3
"""Points that an extrapolation rests on."""

Bound = Literal["", "extrapolated", "fewest"]


@dataclass(frozen=True)
class Cost:
    """What an estimate needs, in the mean over seeds."""

    points: float
    """Coalitions whose value it asks for: each costs the head once."""
    text: float
    """Passes of the text encoder, one for each coalition or each sub-mask asked for; so the next two."""
    audio: float
    video: float
    distinct_text: float
    """Distinct sub-masks among them: passes, if none is encoded twice; so the next two."""
    distinct_audio: float
    distinct_video: float
    seconds: float
    """Of the estimator itself, without the values."""

    @property
    def passes(self) -> float:
        """Encoder passes, of all three."""
        return self.text + self.audio + self.video

    @property
    def distinct_passes(self) -> float:
        """Encoder passes, if no sub-mask is encoded twice."""
        return self.distinct_text + self.distinct_audio + self.distinct_video


@dataclass(frozen=True)
class Point:
    """An error, and what it took."""

    error: float
    """Root mean square over seeds of the relative L2 error of phi."""
    cost: Cost


@dataclass(frozen=True)
class Needed:
    """What an error takes."""

    cost: Cost
    bound: Bound
    """`extrapolated`: no point reaches the error. `fewest`: the first does, and an estimator takes no less."""


def cost_at(error: float, points: Sequence[Point], masks: tuple[int, int, int]) -> Needed:
    """What an estimator needs for an error, by its curve.

    Between the last point above the error and the first that isn't, costs are interpolated on logarithmic axes.
    Beyond the last point the error falls as one over the square root of the cost, at the height of the last points,
    and distinct sub-masks can't be more than there are.

    Args:
        error: above 0.
        points: of growing cost, at least one.
        masks: 2^n of text, audio and video.
    """
    reached = next((i for i, point in enumerate(points) if point.error <= error), None)
    if reached is None:
        return Needed(_beyond(error, points, masks), "extrapolated")
    if reached == 0:
        return Needed(points[0].cost, "fewest")
    above, below = points[reached - 1], points[reached]
    part = math.log(above.error / error) / math.log(above.error / below.error)
    pairs = zip(astuple(above.cost), astuple(below.cost), strict=True)
    return Needed(Cost(*(a ** (1 - part) * b**part for a, b in pairs)), "")


def _beyond(error: float, points: Sequence[Point], masks: tuple[int, int, int]) -> Cost:
    last = points[-LAST:]
    height = sum(math.log(point.error) + math.log(point.cost.points) / 2 for point in last) / len(last)
    cost = points[-1].cost
    factor = max(1.0, math.exp(2 * (height - math.log(error))) / cost.points)
    grown = Cost(*(factor * part for part in astuple(cost)))
    return replace(
        grown,
        distinct_text=min(grown.distinct_text, masks[0]),
        distinct_audio=min(grown.distinct_audio, masks[1]),
        distinct_video=min(grown.distinct_video, masks[2]),
    )
