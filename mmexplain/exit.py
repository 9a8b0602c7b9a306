"""Exit codes."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    BUG = 1
    BAD_INPUT = 2
    NO_SERVER = 3
    SEGMENTS_FAILED = 4
    INVALID = 5
    INTERRUPTED = 130
