"""A clip: one segment's words, sound and picture, as the model sees them."""

import math
from collections.abc import Callable, Container
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from media.container import check_span, duration_ms
from media.errors import LimitError, MediaError
from media.limits import LIMITS, Limits
from media.modality import MODALITIES, Modality
from media.pictures import PictureReader
from media.preprocessing import Preprocessing
from media.region import Region
from media.sound import Sound, decode_sound
from media.text import Text
from media.utterance import Word
from media.video import Video, read_video

Stream = TypeVar("Stream", Sound, Video)


@dataclass(frozen=True)
class Clip:
    """One segment; a modality that it lacks is None, and at least one is there."""

    text: Text | None
    sound: Sound | None
    video: Video | None
    start_ms: float
    """Start of the segment in the media file's time, in ms."""
    end_ms: float
    """Its end, in ms; never past the end of the media."""
    damaged: bool = False
    """Whether a stream that the media has can't be decoded there, so that its modality is left out."""
    words: tuple[Word, ...] = ()
    """What is said in the sound, where that is known."""
    regions: tuple[Region, ...] = ()
    """What is known to be in the picture; later ones lie over earlier ones."""

    @property
    def cut(self) -> bool:
        """Whether the model sees only a part of the segment."""
        parts = (self.text, self.sound, self.video)
        return self.damaged or any(part is not None and part.cut for part in parts)


def decode_clip(
    media: Path | str,
    *,
    text: Text | None = None,
    start_ms: float = 0.0,
    end_ms: float | None = None,
    modalities: Container[Modality] = MODALITIES,
    preprocessing: Preprocessing,
    limits: Limits = LIMITS,
) -> Clip:
    """Decode the sound and the picture of a span.

    Args:
        media: the media file.
        text: the span's words, if any.
        start_ms: start of the span in the file's time, in ms.
        end_ms: its end, exclusive; an end past the media's is moved there (transcripts round up, and speech
            recognition runs over). None: the end of the media.
        modalities: those that the model sees; the others aren't decoded.
        preprocessing: the model's rates, sizes and limits.
        limits: what the file may ask for.

    Returns:
        The clip, with its real end.

    Raises:
        MediaError: the file can't be read, the span is none or starts past the end of the media, neither sound
            nor picture can be decoded where there are any, or there is neither sound nor picture nor text.
        LimitError: the file asks for more than the limits.
    """
    with closing(ClipReader(media, modalities=modalities, preprocessing=preprocessing, limits=limits)) as reader:
        return reader.clip(text=text, start_ms=start_ms, end_ms=end_ms)


class ClipReader:
    """Decodes span after span of one file: what their pictures share is decoded once (`media.pictures`)."""

    def __init__(
        self,
        media: Path | str,
        *,
        modalities: Container[Modality] = MODALITIES,
        preprocessing: Preprocessing,
        limits: Limits = LIMITS,
    ) -> None:
        self.media, self.modalities = media, modalities
        self.preprocessing, self.limits = preprocessing, limits
        self._pictures = PictureReader(media, preprocessing.image_size, limits)

    def close(self) -> None:
        """Close the file, which the first span opened."""
        self._pictures.close()

    def clip(self, *, text: Text | None = None, start_ms: float = 0.0, end_ms: float | None = None) -> Clip:
        """Decode a span as `decode_clip` does; the same whatever was decoded before it, also after an error."""
        check_span(start_ms, end_ms)
        length_ms = duration_ms(self.media, self.limits)
        damage: list[MediaError] = []
        sound = _unless_damaged(damage, lambda: self._sound(start_ms, end_ms))
        video = _unless_damaged(damage, lambda: self._video(start_ms, end_ms))
        if sound is None and video is None:
            _check_words_suffice(self.media, text, start_ms, length_ms, damage)
        ends_ms = [] if video is None else [float(video.times_ms[-1])]
        if sound is not None:
            ends_ms.append(sound.start_ms + 1000 * len(sound.wave) / self.preprocessing.sample_rate_hz)
        clip = Clip(text, sound, video, start_ms, math.inf if end_ms is None else end_ms, damaged=bool(damage))
        return replace(clip, end_ms=_end_ms(clip, ends_ms, length_ms))

    def _sound(self, start_ms: float, end_ms: float | None) -> Sound | None:
        if "audio" not in self.modalities:
            return None
        return decode_sound(self.media, start_ms, end_ms, self.preprocessing, self.limits)

    def _video(self, start_ms: float, end_ms: float | None) -> Video | None:
        if "video" not in self.modalities:
            return None
        return read_video(self._pictures, start_ms, end_ms, self.preprocessing.max_frames)


def _check_words_suffice(
    media: Path | str, text: Text | None, start_ms: float, length_ms: float | None, damage: list[MediaError]
) -> None:
    """Refuse a span without sound and picture, unless it simply has none and there are words."""
    if damage:
        raise damage[0]
    if length_ms is not None and start_ms >= length_ms:
        raise MediaError(
            f"Span from {start_ms} ms starts past the end of '{media}', which lasts {length_ms:.0f} ms. "
            "Check that the times belong to this file and are in ms."
        )
    if text is None:
        raise MediaError(
            f"'{media}' has neither sound nor picture for the model from {start_ms} ms on, and the segment has no "
            "text. Leave it out of the collection, or give it a text."
        )


def _unless_damaged(damage: list[MediaError], decode: Callable[[], Stream | None]) -> Stream | None:
    """What was decoded; None for a damaged stream, whose error joins `damage`."""
    try:
        return decode()
    except LimitError:
        raise
    except MediaError as error:
        damage.append(error)
        return None


def _end_ms(clip: Clip, ends_ms: list[float], length_ms: float | None) -> float:
    """The real end of a clip's span, in ms: the one asked for, or that of the media.

    Where all streams were decoded to their ends, these are the media's: containers round, those of MPEG
    leave out the last frame, and MP3 only guesses. Else the container's word must do.
    """
    decoded_whole = bool(ends_ms) and not clip.cut and math.isinf(clip.end_ms)
    if length_ms is not None and not decoded_whole:
        ends_ms = [*ends_ms, length_ms]
    return min(clip.end_ms, max(ends_ms, default=clip.start_ms))
