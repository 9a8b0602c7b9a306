"""Spans that are none, or lie outside of the media: 400 ms of 16 kHz."""

from functools import partial

from tests.bad.case import Case, Refused, by, file
from tests.bad.damaged import whole

NO_TIME = Refused("isn't a time in the media. Times count from 0, in ms")
EMPTY = Refused("is empty or reversed. The end must be later")
PAST = Refused("past the end of")
NAN, INFINITY = float("nan"), float("inf")
SPANS = {
    (-1, 100): NO_TIME,
    (-1e308, 100): NO_TIME,
    (-INFINITY, 100): NO_TIME,
    (NAN, 100): NO_TIME,
    (0, NAN): NO_TIME,
    (INFINITY, INFINITY): NO_TIME,
    (INFINITY, None): NO_TIME,
    (200, 100): EMPTY,
    (100, 100): EMPTY,
    (0, 0): EMPTY,
    (100, -100): EMPTY,
    (0, -INFINITY): EMPTY,
    (-0.0, 100): by("audio"),
    (0, INFINITY): by("audio"),
    (0, 1e308): by("audio"),
    (100, 1e18): by("audio"),
    (300, 500): by("audio"),
    ("100", "200"): by("audio"),
    (" 1e2 ", "2e2"): by("audio"),
    (399.9, 400): by("audio"),
    (400, 500): PAST,
    (500, 600): PAST,
    (1e12, None): PAST,
    (1e18, None): NO_TIME,
    (1e18, 2e18): NO_TIME,
    (1e308, None): NO_TIME,
    (100, 100.001): by("audio"),
    (100.01, 100.011): Refused("neither sound nor picture for the model from 100.01 ms on"),
    (5e-324, 1e-320): Refused("neither sound nor picture"),
}


def spanning(name, span):
    return file(f"x.{name}", partial(whole, name), start_ms=span[0], end_ms=span[1])


CASES = [
    *(Case(f"sound from {a!r} to {b!r}", spanning("wav", (a, b)), becomes) for (a, b), becomes in SPANS.items()),
    *(
        Case(f"{name} from {a!r} to {b!r}", spanning(name, (a, b)), PAST)
        for name in ("mp4", "mkv", "ts", "mp3", "ogg", "flac", "avi")
        for a, b in [(1e12, 2e18), (1e9, None), (3e5, 4e5)]
    ),
]
