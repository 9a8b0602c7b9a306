"""The work of `segment`: media files to a manifest of utterances, file by file."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from batcher.collection import Segment, row_of
from media import passage, segmentation
from media.container import duration_ms
from media.errors import MediaError
from media.listening import BLOCK_MS, CARRIED_MS, Recogniser, words_in
from media.passage import HeardUtterance, utterances_of
from media.segmentation import segment_cues
from media.sound_stream import sound_pieces
from media.speech import DECODING, DOWNLOAD, PRECISIONS, VOICE, Device, check_model, digest_of, load_recogniser
from media.transcripts import find_transcript, read_transcript
from mmexplain.journal import Journal, Stamp, open_journal

Origin = Literal["auto", "speech", "transcripts"]
ORIGINS: Final[tuple[Origin, ...]] = ("auto", "speech", "transcripts")
# fmt: off
MEDIA: Final = frozenset({
    ".3gp", ".aac", ".ac3", ".aif", ".aiff", ".asf", ".avi", ".dv", ".flac", ".flv", ".m2ts", ".m4a", ".m4v", ".mka",
    ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".oga", ".ogg", ".ogv", ".opus", ".ts",
    ".vob", ".wav", ".webm", ".wma", ".wmv",
})
# fmt: on
"""How names of media end, in capitals or not; other files of a folder are left alone."""


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
        work = _Work(job, journal, _recogniser(job, pending), on_event)
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
    journal: Journal
    recogniser: Recogniser | None
    on_event: Callable[[SegmentEvent], None]

    def do(self, path: Path) -> None:
        """Write a file's rows, all or none; nothing where they stand in the manifest already."""
        media = _relative(path, self.job.manifest)
        stamp = _stamp(path, media)
        before = self.journal.done.get(media)
        if before == stamp:
            return
        if before is not None:
            raise MediaError(
                f"'{path}' changed since its rows were written to {self.job.manifest}. Put the earlier file back, or "
                "segment this one into a manifest of its own (--out)."
            )
        length = self.journal.length()
        try:
            origin, segments = self._write_rows(path, media)
        except MediaError:
            self.journal.take_back(length)
            raise
        self.journal.commit(media, stamp)
        self.on_event(FileDone(media, origin, segments))

    def _write_rows(self, path: Path, media: str) -> tuple[Origin, int]:
        length_ms = duration_ms(path)
        transcript = _transcript(self.job, path)
        heard = self._heard(path) if transcript is None else _read(transcript, self.job.language)
        ids: Counter[str] = Counter()
        for utterance in heard:
            start_ms = utterance.utterance.start_ms
            segment_id = f"{_inside(path, self.job.source)}#{round(start_ms)}"
            ids[segment_id] += 1
            if ids[segment_id] > 1:
                segment_id = f"{segment_id}-{ids[segment_id]}"
            self.journal.write(_row(utterance, segment_id, media, path))
            self.on_event(Heard(media, start_ms, length_ms))
        return "speech" if transcript is None else "transcripts", ids.total()

    def _heard(self, path: Path) -> Iterator[HeardUtterance]:
        if self.recogniser is None:  # a transcript that was there when the run began is gone
            raise MediaError(f"'{path}' has no transcript beside it any more. Give --speech-model, or put it back.")
        return utterances_of(words_in(sound_pieces(path), self.recogniser, self.job.language))


def media_in(source: Path) -> list[Path]:
    """The media that a path leads to: itself, or all in a folder and its folders, in the order of their names.

    Raises:
        MediaError: there are none.
    """
    if source.is_file():
        return [source]
    found = [path for path in sorted(source.rglob("*")) if path.suffix.lower() in MEDIA and _is_shown(path)]
    if not found:
        what = "holds no media" if source.is_dir() else "doesn't exist"
        raise MediaError(
            f"'{source}' {what}. Give a media file, or a folder with files ending in {', '.join(sorted(MEDIA))}."
        )
    return found


def _is_shown(path: Path) -> bool:
    """Not `._clip.mp4`, which macOS leaves beside each file."""
    return path.is_file() and not path.name.startswith(".")


def _recogniser(job: Segmenting, pending: Sequence[Path]) -> Recogniser | None:
    """What hears those files that have no transcript to be used; None where all have.

    Raises:
        MediaError: it is needed, and missing.
    """
    unread = pending if job.origin == "speech" else [path for path in pending if find_transcript(path) is None]
    if not unread or job.origin == "transcripts":
        return None
    if job.speech_model is None:
        raise MediaError(
            f"{len(unread)} files must be heard (first: '{_printable(unread[0])}'), but no speech model is given. "
            f"{DOWNLOAD} Or put a transcript beside each file."
        )
    return load_recogniser(job.speech_model, language=job.language, device=job.device, threads=job.threads)


def _transcript(job: Segmenting, path: Path) -> Path | None:
    """The transcript that a file's utterances are taken from; None where they must be heard."""
    transcript = None if job.origin == "speech" else find_transcript(path)
    if transcript is None and job.origin == "transcripts":
        raise MediaError(f"'{path}' has no transcript beside it. Put one there, or hear it: --from auto.")
    return transcript


def _read(transcript: Path, language: str | None) -> Iterator[HeardUtterance]:
    for cue in segment_cues(read_transcript(transcript)):
        yield HeardUtterance(cue, language, None, None)


def _row(heard: HeardUtterance, segment_id: str, media: str, path: Path) -> dict[str, Any]:
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
        extra={name: f"{value:.3f}" for name, value in figures.items() if value is not None},
    )
    return {name: value for name, value in row_of(segment).items() if value is not None}


def _stamp(path: Path, media: str) -> Stamp:
    try:
        media.encode()
        return Stamp.of(path)
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
