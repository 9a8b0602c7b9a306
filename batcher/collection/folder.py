"""A folder of media with a transcript beside each."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from batcher.collection.bad_row import BadRow, OnBadRow
from batcher.collection.segment import CollectionError, Segment
from media.errors import MediaError
from media.segmentation import segment_cues
from media.transcripts import Siblings, is_media, load_transcript
from media.transcripts.beside import MEDIA_SUFFIXES, Beside
from media.utterance import Utterance


def read_folder(folder: Path, on_bad_row: OnBadRow) -> Iterator[Segment]:
    """Stream the segments of a folder: one of each cue, media by their paths, cues by their start.

    Args:
        folder: hidden files and folders in it are left out; a folder that links lead to twice is read once.
        on_bad_row: hears of media without a transcript, with one that can't be read, or with an unreadable name.

    Raises:
        CollectionError: there are no media in it, or as `on_bad_row` raises it.
    """
    found = False
    for media, siblings in _media(folder):
        found = True
        if not _is_utf8(media):
            on_bad_row(BadRow(ascii(str(media)), "has a name that isn't UTF-8; rename it"))
            continue
        try:
            beside = siblings.transcript_of(media.name)
            if beside is None:
                on_bad_row(BadRow(str(media), "has no transcript beside it; make them by `mmexplain segment`"))
            else:
                yield from _segments(folder, media, beside)
        except MediaError as error:
            on_bad_row(BadRow(f"{media}:", str(error)))
    if not found:
        raise CollectionError(f"{folder} holds no media ({' '.join(sorted(MEDIA_SUFFIXES))}); give a folder that does")


def _is_utf8(media: Path) -> bool:
    """Old archives have names in Latin-1, which no table can hold."""
    try:
        str(media).encode()
    except UnicodeEncodeError:
        return False
    return True


def _media(folder: Path) -> Iterator[tuple[Path, Siblings]]:
    """Media files in the order of their paths, each with the names of its folder."""
    seen: set[str] = set()
    for where, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(where)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names = sorted(name for name in files if not name.startswith("."))
        siblings = Siblings(Path(where), [*names, *folders])
        yield from ((Path(where, name), siblings) for name in names if is_media(name))


def _segments(folder: Path, media: Path, beside: Beside) -> Iterator[Segment]:
    transcript = load_transcript(beside.path)
    relative = media.relative_to(folder).as_posix()
    path = folder.resolve() / relative
    program, carrier = _ids(media.stem)
    if carrier is None and transcript.carrier_id:
        program, carrier = _ids(transcript.carrier_id)
        carrier = carrier or transcript.carrier_id
    seen: Counter[str] = Counter()
    for cue in segment_cues(transcript.utterances):
        name = _fragment(relative, cue)
        seen[name] += 1
        yield Segment(
            segment_id=name if seen[name] == 1 else f"{name}&id={seen[name]}",
            media=relative,
            path=path,
            start_ms=cue.start_ms,
            end_ms=cue.end_ms,
            text=cue.text,
            words=cue.words,
            language=beside.language or transcript.language,
            program_id=program,
            carrier_id=carrier,
        )


def _fragment(media: str, cue: Utterance) -> str:
    """The cue as a media fragment of the W3C: it stays when a cue before it is added or mended."""
    return f"{media}#t={cue.start_ms / 1000:.3f},{cue.end_ms / 1000:.3f}"


def _ids(name: str) -> tuple[str | None, str | None]:
    """Program and carrier of a name of the form program__carrier."""
    program, _, carrier = name.partition("__")
    return (program, carrier) if program and carrier else (None, None)
