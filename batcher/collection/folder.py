"""A folder of media with a transcript beside each."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from batcher.collection.bad_row import BadRow, OnBadRow
from batcher.collection.segment import CollectionError, Segment
from media.errors import MediaError
from media.segmentation import segment_cues
from media.transcripts import load_transcript
from media.transcripts.beside import MEDIA_SUFFIXES, Beside, walk_media
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
    for media, siblings in walk_media(folder):
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


def _segments(folder: Path, media: Path, beside: Beside) -> Iterator[Segment]:
    transcript = load_transcript(beside.path)
    relative = media.relative_to(folder).as_posix()
    path = folder.resolve() / relative
    program, carrier = ids_of(media.stem, transcript.carrier_id)
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


def ids_of(stem: str, carrier_id: str | None) -> tuple[str | None, str | None]:
    """Program and carrier of a medium.

    Args:
        stem: its name without its suffix; of the form program__carrier it tells both.
        carrier_id: as its transcript says it.
    """
    program, carrier = _ids(stem)
    if carrier is None and carrier_id:
        program, carrier = _ids(carrier_id)
        carrier = carrier or carrier_id
    return program, carrier


def _ids(name: str) -> tuple[str | None, str | None]:
    """Program and carrier of a name of the form program__carrier."""
    program, _, carrier = name.partition("__")
    return (program, carrier) if program and carrier else (None, None)
