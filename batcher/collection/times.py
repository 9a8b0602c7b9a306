"""Times that no utterance has."""

import math
import re
from typing import Final

from batcher.collection.segment import Segment

LONGEST_S: Final = 60.0
"""Of an utterance. MELD's longest real one lasts 41 s; one of its test rows claims 304.9 s."""
MELD_TIMES: Final = ("StartTime", "EndTime")
"""MELD's columns: the utterance in its episode."""
_CLOCK: Final = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})")


def odd_times(segment: Segment) -> str | None:
    """Why a segment's times are impossible, to be read by people; None where they aren't."""
    if all(name in segment.extra for name in MELD_TIMES):
        clocks = [segment.extra[name] for name in MELD_TIMES]
        start, end = (_seconds(clock) for clock in clocks)
        if start is None or end is None:
            return f"its times {clocks[0]!r} to {clocks[1]!r} are none"
        return _odd(start, end)
    if segment.end_ms is None:
        return _odd(segment.start_ms / 1000, None)
    return _odd(segment.start_ms / 1000, segment.end_ms / 1000)


def _odd(start_s: float, end_s: float | None) -> str | None:
    if not all(math.isfinite(time) for time in (start_s, end_s or 0.0)):
        return f"its times {start_s} s to {end_s} s are none"
    if start_s < 0:
        return f"starts {-start_s:.1f} s before its media"
    if end_s is None:
        return None
    if end_s < start_s:
        return f"ends {start_s - end_s:.1f} s before it starts"
    length = end_s - start_s
    return f"lasts {length:.1f} s" if length == 0 or length > LONGEST_S else None


def _seconds(clock: str) -> float | None:
    found = _CLOCK.fullmatch(clock.strip())
    if found is None:
        return None
    hours, minutes, seconds, fraction = found.groups()
    return 3600 * int(hours) + 60 * int(minutes) + float(f"{seconds}.{fraction}")
