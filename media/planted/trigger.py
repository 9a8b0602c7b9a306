"""What carries the emotion of a planted clip, and which players touch it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from media.errors import CorpusError
from media.modality import MODALITIES, Modality

_MANY: Final = {0: "neutral", 2: "two modalities", 3: "three modalities"}


@dataclass(frozen=True)
class TextTrigger:
    """The word or the punctuation that names the emotion, as a span of the text."""

    char_start: int
    """Code points."""
    char_end: int
    """Exclusive."""

    def touches(self, player: Mapping[str, Any]) -> bool:
        """Whether a text player (a row of `attributions/`) holds some of it."""
        return _overlap(self.char_start, self.char_end, player["char_start"], player["char_end"])


@dataclass(frozen=True)
class AudioTrigger:
    """The word that is spoken with emotion, in ms of the media file."""

    start_ms: float
    end_ms: float

    def touches(self, player: Mapping[str, Any]) -> bool:
        """Whether a sound player (a row of `attributions/`) holds some of it."""
        return _overlap(self.start_ms, self.end_ms, player["start_ms"], player["end_ms"])


@dataclass(frozen=True)
class VideoTrigger:
    """Where and when the face shows the emotion: a cell of the 4 x 4 grid, and ms of the media file."""

    row: int
    column: int
    start_ms: float
    end_ms: float

    def touches(self, player: Mapping[str, Any]) -> bool:
        """Whether a picture player (a row of `attributions/`), of any kind, holds some of it."""
        here = player["row"] is None or (player["row"], player["column"]) == (self.row, self.column)
        return here and _overlap(self.start_ms, self.end_ms, player["start_ms"], player["end_ms"])


@dataclass(frozen=True)
class Trigger:
    """What carries the emotion, by modality; None where a modality doesn't, all three in a neutral clip."""

    text: TextTrigger | None = None
    audio: AudioTrigger | None = None
    video: VideoTrigger | None = None

    @property
    def carriers(self) -> tuple[Modality, ...]:
        """The modalities that carry the emotion."""
        return tuple(m for m in MODALITIES if self.of(m) is not None)

    @property
    def carried_by(self) -> str:
        """How tables call such clips: neutral, only text, only audio, only video, two or three modalities."""
        carriers = self.carriers
        return f"only {carriers[0]}" if len(carriers) == 1 else _MANY[len(carriers)]

    @property
    def order(self) -> tuple[int, ...]:
        """Where such clips stand in tables: by the number of carriers, then by which they are."""
        return len(self.carriers), *(MODALITIES.index(modality) for modality in self.carriers)

    def of(self, modality: Modality) -> TextTrigger | AudioTrigger | VideoTrigger | None:
        """The trigger in one modality."""
        return {"text": self.text, "audio": self.audio, "video": self.video}[modality]

    def to_json(self) -> str:
        """As the manifest's column `trigger` holds it."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Trigger":
        """Read the manifest's column `trigger`.

        Raises:
            CorpusError: it isn't what `to_json` writes.
        """
        kinds = {"text": TextTrigger, "audio": AudioTrigger, "video": VideoTrigger}
        try:
            found = json.loads(text)
            return Trigger(**{m: kinds[m](**span) for m, span in found.items() if span is not None})
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise CorpusError(f"{text!r} is no planted trigger; make the manifest by `mmexplain corpus`") from error


def _overlap(start: float, end: float, other_start: float | None, other_end: float | None) -> bool:
    """Whether two spans share something; a player without a place shares nothing."""
    return other_start is not None and other_end is not None and start < other_end and other_start < end
