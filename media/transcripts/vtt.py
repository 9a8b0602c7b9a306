"""WebVTT subtitles, `.vtt`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from media.errors import MediaError
from media.transcripts.text import plain, text_of, time_ms
from media.transcripts.transcript import Transcript, by_start
from media.utterance import Utterance, Word

_ARROW: Final = "-->"
_TIMING: Final = re.compile(r"\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(?:\s.*)?")
"""What follows the times are settings."""
_NO_CUE: Final = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s.*)?")
_STAMP: Final = re.compile(r"<([\d:.,]+)>")
_TAG: Final = re.compile(r"<[^<>]*>")
_LANGUAGE: Final = re.compile(r"Language:\s*(\S+)", re.IGNORECASE)

_Line = tuple[int, str]


def read_vtt(path: Path) -> Transcript:
    """Read WebVTT.

    Times within a cue, <00:00:01.000>, divide it into words; a stretch of several words between two times is one. Cues
    whose times run backwards are kept: they become their segment's error.

    Raises:
        MediaError: the file doesn't begin with WEBVTT, a block has no times, or times can't be read; the message names
            the line.
    """
    header, *blocks = _blocks(text_of(path))
    if not re.fullmatch(r"WEBVTT(?:\s.*)?", header[0][1]):
        raise MediaError(
            f"'{path}', line 1, is {header[0][1][:80]!r}, not WEBVTT. Give it that line, or the suffix of what it is."
        )
    language = next((match[1] for _, line in header if (match := _LANGUAGE.fullmatch(line.strip()))), None)
    # The header's own lines need no blank line before the first cue.
    first = next((place for place, (_, line) in enumerate(header) if _ARROW in line), len(header))
    utterances = [_cue(path, block) for block in (header[first:], *blocks) if block and not _NO_CUE.match(block[0][1])]
    return Transcript(by_start([utterance for utterance in utterances if utterance.text]), language=language)


def _blocks(text: str) -> Iterator[list[_Line]]:
    """Numbered lines between blank ones; the first block is there even if it is empty."""
    lines = list(enumerate(text.split("\n"), 1))
    block: list[_Line] = lines[:1]
    for number, line in lines[1:]:
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _cue(path: Path, block: list[_Line]) -> Utterance:
    """A cue of its id, where it has one, its times and its lines."""
    timing = next((place for place, (_, line) in enumerate(block[:2]) if _ARROW in line), None)
    if timing is None:
        number, line = block[0]
        raise MediaError(
            f"'{path}', line {number}, begins a block without times: {line[:80]!r}. "
            "Give it a line HH:MM:SS.mmm --> HH:MM:SS.mmm, or begin it with NOTE."
        )
    number, line = block[timing]
    match = _TIMING.fullmatch(line)
    start_ms, end_ms = (time_ms(stamp) for stamp in match.groups()) if match else (None, None)
    if start_ms is None or end_ms is None:
        raise MediaError(
            f"'{path}', line {number}, has the times {line.strip()!r}. Give HH:MM:SS.mmm --> HH:MM:SS.mmm."
        )
    inner = next((number for number, line in block[timing + 1 :] if _ARROW in line), None)
    if inner is not None:
        raise MediaError(f"'{path}', line {inner}, has times within a cue's text. Put a blank line before each cue.")
    payload = "\n".join(line for _, line in block[timing + 1 :])
    return Utterance(start_ms, end_ms, plain(_TAG.sub("", payload)), _words(path, number, payload, start_ms, end_ms))


def _words(path: Path, number: int, payload: str, start_ms: float, end_ms: float) -> tuple[Word, ...]:
    """What stands between the times within a cue."""
    first, *rest = _STAMP.split(payload)
    if not rest:
        return ()
    starts = [start_ms]
    for stamp in rest[::2]:
        time = time_ms(stamp)
        if time is None or not starts[-1] <= time <= end_ms:
            raise MediaError(
                f"'{path}', in the cue of line {number}, <{stamp}> is no time between the one before it and the cue's "
                "end. Give HH:MM:SS.mmm in their order."
            )
        starts.append(time)
    texts = [plain(_TAG.sub("", text)) for text in (first, *rest[1::2])]
    spans = zip(texts, starts, [*starts[1:], end_ms], strict=True)
    return tuple(Word(text, start, end) for text, start, end in spans if text)
