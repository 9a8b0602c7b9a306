"""WebVTT: subtitles that say which emotion was seen, and what carried it.

https://www.w3.org/TR/webvtt1/
"""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from batcher.store.atomic import replaced
from batcher.store.result import Result
from report.formats.labelled import Labelled, labelled_segments, software
from report.source import file_name


def write(result: Result, folder: Path) -> list[Path]:
    """Write one file for each media file, with a cue for each of its explained segments.

    Args:
        result: an open result.
        folder: an existing one.

    Returns:
        The files, named for their media.

    Raises:
        OSError: one can't be written.
    """
    written = []
    for media, those in groupby(labelled_segments(result), key=lambda one: str(one.row["media"])):
        path = folder / f"{file_name(media)}.vtt"
        with replaced(path) as partial:
            partial.write_text(_file(result, media, those), encoding="utf-8")
        written.append(path)
    return written


def _file(result: Result, media: str, those: Iterable[Labelled]) -> str:
    doubt = "" if result.run["trained"] else "; the model is untrained, and this means nothing"
    head = f"WEBVTT\n\nNOTE {_line(media)}, by {software(result)}{doubt}\n"
    return "\n".join([head, *(_cue(one) for one in those)])


def _cue(one: Labelled) -> str:
    row = one.row
    shares = ", ".join(f"{modality} {share.value:.0%}" for modality, share in one.shares.items())
    seen = f"{_line(row['label_predicted'])} {row['probability']:.2f} ({shares})"
    words = [_line(row["text"])] if row["text"] and row["text"].strip() else []
    start = max(0, round(row["start_ms"]))
    times = f"{_time(start)} --> {_time(max(start + 1, round(row['end_ms'])))}"
    return "\n".join([_line(row["segment_id"]), times, seen, *words, ""])


def _line(text: str) -> str:
    """One line, in which nothing means more than it says."""
    line = " ".join(text.split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest / 1000:06.3f}"
