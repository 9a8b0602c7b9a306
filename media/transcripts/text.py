"""The text of a transcript's file, and of a cue in it."""

import codecs
import html
import re
from pathlib import Path
from typing import Final

from media.errors import MediaError

_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENTITY: Final = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|\w+);")
_STAMP: Final = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2})(?:[.,](\d+))?")
_MINUTE: Final = 60


def text_of(path: Path) -> str:
    r"""A file's text: UTF-8, or UTF-16 where a byte order mark says so; line ends become \n.

    Raises:
        MediaError: there is no such file, or its text is in another encoding.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MediaError(f"'{path}' can't be read ({error.strerror}). Check its path and its permissions.") from error
    encoding = "utf-16" if content.startswith(_UTF16) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MediaError(
            f"'{path}', line {line}, isn't {encoding.upper().removesuffix('-SIG')} ({error.reason}). "
            "Convert the file: iconv -f WINDOWS-1252 -t UTF-8, or whatever it is in."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def time_ms(stamp: str) -> float | None:
    """A cue's time, HH:MM:SS,mmm: hours may be missing, the comma may be a dot. None if it is no time."""
    match = _STAMP.fullmatch(stamp)
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    if int(seconds) >= _MINUTE or (hours and int(minutes) >= _MINUTE):
        return None
    whole_s = (int(hours or 0) * _MINUTE + int(minutes)) * _MINUTE + int(seconds)
    return round(1000 * (whole_s + float(f"0.{fraction or 0}")), 3)


def plain(text: str) -> str:
    """A cue's text without its tags: entities become characters, and white space one space."""
    # An entity needs its semicolon: `R&notable` isn't R¬able.
    return " ".join(_ENTITY.sub(lambda entity: html.unescape(entity[0]), text).split())
