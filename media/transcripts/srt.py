"""SubRip subtitles, `.srt`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from media.errors import MediaError
from media.transcripts.text import plain, text_of, time_ms
from media.transcripts.transcript import Transcript, by_start
from media.utterance import Utterance

_ARROW: Final = "-->"
_TIMING: Final = re.compile(r"\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(?:\s.*)?")
"""What follows the times are coordinates."""
_TAG: Final = re.compile(
    r"</?(?:b|i|u|s|em|strong|font|span|c|v|lang|ruby|rt)(?:[\s.][^<>]*)?/?>|\{\\[^{}]*\}", re.IGNORECASE
)
"""HTML's, and {\\an8} for a place on the screen. Others, like <laughs>, are somebody's words."""
_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)


@dataclass
class _Cue:
    start_ms: float
    end_ms: float
    lines: list[str] = field(default_factory=list)

    def utterance(self) -> Utterance:
        text = _TAG.sub("", _BREAK.sub(" ", "\n".join(self.lines)))
        return Utterance(self.start_ms, self.end_ms, plain(text))


def read_srt(path: Path) -> Transcript:
    """Read SubRip subtitles.

    Blank lines within a cue are part of it, and cues need neither a number nor a blank line between them. Times that
    run backwards are kept: they become their segment's error.

    Raises:
        MediaError: a line of times can't be read, or words stand outside of any cue; the message names the line.
    """
    utterances = [cue.utterance() for cue in _cues(path)]
    return Transcript(by_start([utterance for utterance in utterances if utterance.text]))


def _cues(path: Path) -> Iterator[_Cue]:
    lines = text_of(path).split("\n")
    cue: _Cue | None = None
    for number, line in enumerate(lines, 1):
        before, after = lines[number - 2] if number > 1 else "", lines[number] if number < len(lines) else ""
        if _ARROW in line:
            if cue:
                yield cue
            cue = _Cue(*_times(path, number, line))
        elif line.strip().isdecimal() and _ARROW in after:
            continue  # the number of the cue that follows
        elif line.strip().isdecimal() and not before.strip() and after.strip():
            raise MediaError(
                f"'{path}', line {number + 1}, is {after.strip()!r} where the times of cue {line.strip()} belong. "
                "Give HH:MM:SS,mmm --> HH:MM:SS,mmm."
            )
        elif cue:
            cue.lines.append(line)
        elif line.strip() and not line.strip().isdecimal():
            raise MediaError(
                f"'{path}', line {number}, is {line.strip()[:80]!r}, before the times of any cue. "
                "Check that it is a SubRip file."
            )
    if cue:
        yield cue


def _times(path: Path, number: int, line: str) -> tuple[float, float]:
    match = _TIMING.fullmatch(line)
    start_ms, end_ms = (time_ms(stamp) for stamp in match.groups()) if match else (None, None)
    if start_ms is None or end_ms is None:
        raise MediaError(
            f"'{path}', line {number}, has the times {line.strip()!r}. Give HH:MM:SS,mmm --> HH:MM:SS,mmm."
        )
    return start_ms, end_ms
