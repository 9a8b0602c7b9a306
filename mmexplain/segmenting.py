"""The work of `segment`: media files to a manifest of utterances, file by file."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from batcher.collection import Segment, row_of
from batcher.collection.folder import ids_of
from media import passage, segmentation, stretch
from media.container import duration_ms
from media.errors import MediaError
from media.listening import BLOCK_MS, CARRIED_MS, Recogniser, words_in
from media.passage import Dropped, HeardUtterance, utterances_of
from media.segmentation import segment_cues
from media.sound_stream import sound_pieces
from media.speech import DECODING, DOWNLOAD, PRECISIONS, VOICE, Device, check_model, digest_of, load_recogniser
from media.transcripts import load_transcript
from media.transcripts.beside import MEDIA_SUFFIXES, Beside, Siblings, walk_media
from media.transcripts.transcript import Transcript
from mmexplain.journal import Journal, Stamp, open_journal

Origin = Literal["auto", "speech", "transcripts"]
ORIGINS: Final[tuple[Origin, ...]] = ("auto", "speech", "transcripts")


@dataclass(frozen=True)
class Begun:
    """The files are known."""

    total: int
    done: int
    """Of these, done before."""


@dataclass(frozen=True)
class Heard:
    """An utterance was found."""

    media: str
    at_ms: float
    of_ms: float | None
    """How long the file is; None where it doesn't say."""


@dataclass(frozen=True)
class FileDone:
    """A file's utterances are in the manifest."""

    media: str
    origin: Origin
    segments: int
    dropped: int
    """Passages of its sound that gave no words, or none that somebody seems to have said."""
    dropped_s: float
    """How long they are together."""


@dataclass(frozen=True)
class FileFailed:
    """A file that can't be segmented; none of it is in the manifest."""

    media: str
    error: str


@dataclass(frozen=True)
class Ended:
    """No file is left."""

    total: int
    failed: int


SegmentEvent = Begun | Heard | FileDone | FileFailed | Ended


@dataclass(frozen=True)
class Segmenting:
    """What is segmented, and how."""

    source: Path
    """A media file, or a folder of such."""
    manifest: Path
    origin: Origin = "auto"
    speech_model: Path | None = None
    language: str | None = None
    """Of all files; None: as it is heard, and unknown of transcripts."""
    device: Device = "cpu"
    threads: int = 0

    def configuration(self) -> dict[str, Any]:
        """What rows depend on."""
        model = None
        if self.speech_model is not None:
            check_model(self.speech_model)
            model = digest_of(self.speech_model)
        return {
            "source": _relative(self.source, self.manifest),
            "from": self.origin,
            "language": self.language,
            "speech model": model,
            "precision": PRECISIONS[self.device] if model else None,
            "recognition": {**VOICE, **DECODING, "block_ms": BLOCK_MS, "carried_ms": CARRIED_MS},
            "thresholds": {
                "most_ms": segmentation.MOST_MS,
                "pause_ms": segmentation.PAUSE_MS,
                "sentence_pause_ms": segmentation.SENTENCE_PAUSE_MS,
                "logprob": passage.DOUBTFUL_LOGPROB,
                "no_speech": passage.DOUBTFUL_NO_SPEECH,
                "words": passage.DOUBTFUL_WORDS,
                "doubts": passage.DOUBTS,
                "loop": passage.LOOP,
                "window_s": stretch.WINDOW_S,
                "silence_s": stretch.SILENCE_S,
                "sure": stretch.SURE,
                "shortest_ms": passage.SHORTEST_MS,
            },
        }


def segment_media(job: Segmenting, on_event: Callable[[SegmentEvent], None]) -> Ended:
    """Write a manifest of the utterances of media; a killed run goes on with the files that it hadn't finished.

    Raises:
        ConfigError: the manifest isn't one to go on with.
        MediaError: there are no media, or what hears them is missing.
    """
    files = media_in(job.source)
    with open_journal(job.manifest, job.configuration()) as journal:
        pending = [path for path in files if _relative(path, job.manifest) not in journal.done]
        work = _Work(job, files, journal, _recogniser(job, files, pending), on_event)
        on_event(Begun(len(files), len(files) - len(pending)))
        failed = 0
        for path in files:
            try:
                work.do(path)
            except MediaError as error:
                failed += 1
                on_event(FileFailed(_printable(path), _printable(error)))
        journal.finish()
    ended = Ended(len(files), failed)
    on_event(ended)
    return ended


@dataclass(frozen=True)
class _Work:
    """What is the same for all files of a run."""

    job: Segmenting
    files: Mapping[Path, Siblings]
    journal: Journal
    recogniser: Recogniser | None
    on_event: Callable[[SegmentEvent], None]

    def do(self, path: Path) -> None:
        """Write a file's rows, all or none; nothing where they stand in the manifest already."""
        media = _relative(path, self.job.manifest)
        beside = _beside(self.job, path, self.files[path])
        stamp = _stamp(path, media, beside)
        before = self.journal.done.get(media)
        if before == stamp:
            return
        if before is not None:
            raise MediaError(
                f"'{path}' or its transcript changed since its rows were written to {self.job.manifest}. "
                "Put the earlier one back, or segment this one into a manifest of its own (--out)."
            )
        length = self.journal.length()
        dropped = Dropped()
        try:
            origin, segments = self._write_rows(path, media, beside, dropped)
        except MediaError:
            self.journal.take_back(length)
            raise
        dropped_s = round(dropped.seconds, 3)
        self.journal.commit(media, stamp, {"dropped": dropped.passages, "dropped_s": dropped_s})
        self.on_event(FileDone(media, origin, segments, dropped.passages, dropped_s))

    def _write_rows(self, path: Path, media: str, beside: Beside | None, dropped: Dropped) -> tuple[Origin, int]:
        length_ms = duration_ms(path)
        transcript = load_transcript(beside.path) if beside else None
        ids_of_media = ids_of(path.stem, transcript.carrier_id if transcript else None)
        language = self.job.language or (beside and beside.language) or (transcript and transcript.language)
        heard = _read(transcript, language or None) if transcript else self._heard(path, dropped)
        ids: Counter[str] = Counter()
        for utterance in heard:
            start_ms = utterance.utterance.start_ms
            segment_id = f"{_inside(path, self.job.source)}#{round(start_ms)}"
            ids[segment_id] += 1
            if ids[segment_id] > 1:
                segment_id = f"{segment_id}-{ids[segment_id]}"
            self.journal.write(_row(utterance, segment_id, media, path, ids_of_media))
            self.on_event(Heard(media, start_ms, length_ms))
        return "transcripts" if beside else "speech", ids.total()

    def _heard(self, path: Path, dropped: Dropped) -> Iterator[HeardUtterance]:
        if self.recogniser is None:  # a transcript that was there when the run began is gone
            raise MediaError(f"'{path}' has no transcript beside it any more. Give --speech-model, or put it back.")
        words = words_in(sound_pieces(path), self.recogniser, self.job.language, dropped=dropped)
        return utterances_of(words, dropped)


def media_in(source: Path) -> dict[Path, Siblings]:
    """The media that a path leads to: itself, or all in a folder and its folders, in their order; and what is beside.

    Raises:
        MediaError: there are none.
    """
    if source.is_file():
        return {source: Siblings(source.parent, os.listdir(source.parent))}  # noqa: PTH208  # names alone
    found = dict(sorted(walk_media(source), key=lambda one: one[0]))
    if not found:
        what = "holds no media" if source.is_dir() else "doesn't exist"
        raise MediaError(
            f"'{source}' {what}. Give a media file, or a folder with files ending in "
            f"{', '.join(sorted(MEDIA_SUFFIXES))}."
        )
    return found


def _recogniser(job: Segmenting, files: Mapping[Path, Siblings], pending: Sequence[Path]) -> Recogniser | None:
    """What hears those files that have no transcript to be used; None where all have.

    Raises:
        MediaError: it is needed, and missing.
    """
    if job.origin == "transcripts":
        return None
    unread = [path for path in pending if _is_heard(job, path, files[path])]
    if not unread:
        return None
    if job.speech_model is None:
        raise MediaError(
            f"{len(unread)} files must be heard (first: '{_printable(unread[0])}'), but no speech model is given. "
            f"{DOWNLOAD} Or put a transcript beside each file."
        )
    return load_recogniser(job.speech_model, language=job.language, device=job.device, threads=job.threads)


def _is_heard(job: Segmenting, path: Path, siblings: Siblings) -> bool:
    try:
        return _beside(job, path, siblings) is None
    except MediaError:
        return False  # that is said when its turn comes


def _beside(job: Segmenting, path: Path, siblings: Siblings) -> Beside | None:
    """The transcript that a file's utterances are taken from; None where they must be heard."""
    beside = None if job.origin == "speech" else siblings.transcript_of(path.name)
    if beside is None and job.origin == "transcripts":
        raise MediaError(f"'{path}' has no transcript beside it. Put one there, or hear it: --from auto.")
    return beside


def _read(transcript: Transcript, language: str | None) -> Iterator[HeardUtterance]:
    for cue in segment_cues(transcript.utterances):
        yield HeardUtterance(cue, language, None, None)


def _row(
    heard: HeardUtterance, segment_id: str, media: str, path: Path, ids: tuple[str | None, str | None]
) -> dict[str, Any]:
    figures = {"asr_logprob": heard.logprob, "asr_no_speech": heard.no_speech}
    segment = Segment(
        segment_id=segment_id,
        media=media,
        path=path,
        start_ms=heard.utterance.start_ms,
        end_ms=heard.utterance.end_ms,
        text=heard.utterance.text,
        words=heard.utterance.words,
        language=heard.language,
        program_id=ids[0],
        carrier_id=ids[1],
        extra={name: f"{value:.3f}" for name, value in figures.items() if value is not None},
    )
    return {name: value for name, value in row_of(segment).items() if value is not None}


def _stamp(path: Path, media: str, beside: Beside | None) -> Stamp:
    try:
        media.encode()
        return Stamp.of(path, beside.path if beside else None)
    except UnicodeEncodeError as error:
        raise MediaError(f"The name of '{path}' isn't UTF-8, as a manifest is. Rename it.") from error
    except OSError as error:
        raise MediaError(f"'{path}' can't be read ({error.strerror}). Check it, and run the same command again.") from (
            error
        )


def _relative(path: Path, manifest: Path) -> str:
    """A path as it stands in the manifest: from its folder on, so that both can move together."""
    return os.path.relpath(path.parent.resolve() / path.name, manifest.resolve().parent)


def _inside(path: Path, source: Path) -> str:
    return path.name if path == source else path.relative_to(source).as_posix()


def _printable(found: object) -> str:
    """Text that any terminal and JSON can hold, whatever bytes a file's name has."""
    return str(found).encode(errors="replace").decode()
