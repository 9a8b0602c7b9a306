"""Names of segments that would be tricks, if they were names of files."""

from functools import partial

from tests.bad.case import Case, LeftOut, by, file
from tests.bad.damaged import whole

IDS = [
    "../../x",
    "/abs/x",
    "a/b",
    "a\\b",
    "nul\0byte",
    "new\nline",
    "x" * 300,
    "y" * 70_000,
    ".",
    "..",
    "~",
    "-rf",
    "part-x.parquet",
    "é",
    "e\u0301",
    " ",
    " lead",
    "lead",
    "lead ",
    "CON",
    "Case",
    "case",
    "%00%2e%2e",
    "$(touch pwned)",
    "null",
    "nan",
    "0",
    "00",
    "\u202eabc",
    "🧨",
    7,
    7.5,
]
NO_IDS = [True, False, None, "", ["a", "list"], {"an": "object"}, "..", "\ud83d"]
"""The last but one stands twice; the last is half a character."""
CASES = [
    Case(
        f"the id {value!r}"[:60],
        file("x.wav", partial(whole, "wav"), end_ms=100, segment_id=value),
        by("audio"),
    )
    for value in IDS
]
CASES += [
    Case(f"no id {value!r}", file("x.wav", partial(whole, "wav"), end_ms=100, segment_id=value), LeftOut(problem))
    for value, problem in zip(
        NO_IDS,
        [
            "give a text",
            "give a text",
            "has no segment_id",
            "has no segment_id",
            "give a text",
            "give a text",
            "repeats the segment_id '..'",
            "half a character",
        ],
        strict=True,
    )
]
