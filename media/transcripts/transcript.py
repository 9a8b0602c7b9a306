"""A transcript: the utterances of a media file, and what its file says about itself."""

from dataclasses import dataclass

from media.utterance import Utterance


@dataclass(frozen=True)
class Transcript:
    """What one file holds."""

    utterances: tuple[Utterance, ...]
    """By their start; those without a text are left out."""
    carrier_id: str | None = None
    """The media file's id in its archive, where the transcript names it."""
    language: str | None = None


def by_start(utterances: list[Utterance]) -> tuple[Utterance, ...]:
    """In the order of time; those that begin together stay as they were."""
    return tuple(sorted(utterances, key=lambda utterance: utterance.start_ms))
