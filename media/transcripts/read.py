"""Reading a transcript, by the name of its file."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from media.errors import MediaError
from media.transcripts.daan import read_daan
from media.transcripts.srt import read_srt
from media.transcripts.transcript import Transcript
from media.transcripts.vtt import read_vtt
from media.transcripts.whisper import read_whisper
from media.utterance import Utterance

WHISPER: Final = "whisper-transcript.json"
DAAN: Final = "daan-es-transcript.json"
READERS: Final[dict[str, Callable[[Path], Transcript]]] = {
    ".srt": read_srt,
    ".vtt": read_vtt,
    WHISPER: read_whisper,
    DAAN: read_daan,
}
"""By how the file's name ends, in capitals or not."""


def load_transcript(path: Path) -> Transcript:
    """Read a transcript, and what it says about itself.

    Raises:
        MediaError: it can't be read; the message names the line or entry, the value and the remedy.
    """
    name = path.name.lower()
    reader = next((reader for end, reader in READERS.items() if name.endswith(end)), None)
    if reader is None:
        raise MediaError(f"'{path}' is no transcript. Its name must end in {', '.join(READERS)}.")
    return reader(path)


def read_transcript(path: Path) -> tuple[Utterance, ...]:
    """The utterances of a transcript, in ms of the media file.

    Raises:
        MediaError: it can't be read; the message names the line or entry, the value and the remedy.
    """
    return load_transcript(path).utterances
