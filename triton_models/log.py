"""What a server writes of itself."""

import re
from pathlib import Path
from typing import Final

ERROR: Final = re.compile(r'^(?:E\d{4} .*?\] *"?|error: )(?P<text>.*?)"?$')
"""Severity and date, time, thread, place in the source, text in quotes; the last one comes plain."""
HARMLESS: Final = frozenset({"CudaDriverHelper has not been initialized."})
"""Written wherever there is no GPU."""
LINES: Final = 20
READ_BYTES: Final = 64 * 1024


def errors_of(log: Path, start: int = 0) -> str:
    """The server's own errors, or else its last words.

    Args:
        log: its file.
        start: where in it to begin, in bytes.
    """
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - READ_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    matches = [ERROR.match(line) for line in lines]
    # Each instance of a model writes the same.
    found = dict.fromkeys(match["text"].replace("\\n", "\n").strip() for match in matches if match)
    errors = [text for text in found if text not in HARMLESS]
    return "\n".join(errors or lines[-LINES:]) or "(it wrote nothing)"
