"""When the last worker ends, where units are handed out as a run hands them out."""

import heapq
from collections.abc import Sequence


def makespan_s(seconds: Sequence[float], *, workers: int, unit: int) -> float:
    """Seconds from the first unit's beginning to the last one's end.

    A worker gets its next unit when its last one begins (`batcher.run.attempt`): so it never waits, and the last unit
    may lie with one worker while another has ended.

    Args:
        seconds: of each segment, in the order of the run.
        workers: at least 1.
        unit: segments of one.
    """
    places = [(0.0, 0.0)] * workers  # of each worker: when its last unit begins, and when it ends
    for first in range(0, len(seconds), unit):
        _, end = heapq.heappop(places)
        heapq.heappush(places, (end, end + sum(seconds[first : first + unit])))
    return max(end for _, end in places)
