"""The words of a segment: what each carried as text, and what the sound carried while it was said."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.utterance import Word
from report.explained import ExplainedSegment, Row

Span = tuple[int, int]


@dataclass(frozen=True)
class SpokenWords:
    """The n words of a segment."""

    words: tuple[str, ...]
    spans_ms: NDArray[np.float64]
    """[n, 2], when each is said, in ms of the media file."""
    timed: bool
    """Whether that is known; else words are spread evenly over the sound, by their characters."""
    text_phi: NDArray[np.float64]
    """[n], the sum of the Shapley values of each word's tokens."""
    text_se: NDArray[np.float64] | None
    """[n], root of the summed squares of their standard errors: as if errors didn't depend on each other."""
    sound_phi: NDArray[np.float64]
    """[n], of the sound's players what lies in each word's time; NaN where none does."""
    sound_se: NDArray[np.float64] | None
    """[n], by the same weights, as if errors didn't depend on each other."""


def spoken_words(explained: ExplainedSegment, known: Sequence[Word] = ()) -> SpokenWords | None:
    """Words beside each other as they were written and as they were heard.

    Args:
        explained: of a segment.
        known: its words with times, if the collection has them; they count where each is found in the text.

    Returns:
        The words; None where the segment has no text or no sound that was explained.
    """
    text, tokens, sound = explained.segment["text"], explained.of("text"), explained.of("audio")
    if not text or not tokens or not sound or any(token["char_start"] is None for token in tokens):
        return None
    places = list(_found(text, known)) if known else []
    phrases = any(len(str(token["token"]).split()) > 1 for token in tokens)
    timed = bool(known) and len(places) == len(known) and not phrases
    if not timed:
        places = _words_or_phrases(text, tokens)
    if not places:
        return None
    spans = np.array([(w.start_ms, w.end_ms) for w in known]) if timed else _spread(places, sound)
    text_phi, text_se = _sums(_of_words(places, tokens), tokens)
    sound_phi, sound_se = _sums(_during(spans, sound), sound)
    heard = _during(spans, sound).any(axis=1)
    return SpokenWords(
        words=tuple(text[start:end] for start, end in places),
        spans_ms=spans,
        timed=timed,
        text_phi=text_phi,
        text_se=text_se,
        sound_phi=np.where(heard, sound_phi, np.nan),
        sound_se=sound_se,
    )


def written_words(explained: ExplainedSegment) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """The n words of a segment's text and [n], the sum of the Shapley values of each one's tokens.

    Tokens stand for words where the text isn't known.
    """
    text, tokens = explained.segment["text"], explained.of("text")
    phi, _ = values_of(tokens)
    if not text or not tokens or any(token["char_start"] is None for token in tokens):
        return tuple(str(token["token"] or "") for token in tokens), phi
    places = _words_or_phrases(text, tokens)
    return tuple(text[start:end] for start, end in places), _of_words(places, tokens) @ phi


def _found(text: str, known: Sequence[Word]) -> Iterator[Span]:
    """Where each word stands in the text, one after the other; it ends at the first that doesn't."""
    cursor = 0
    for word in known:
        name = word.word.strip()
        start = text.find(name, cursor)
        if start < 0 or not name:
            return
        cursor = start + len(name)
        yield start, cursor


def _words_or_phrases(text: str, tokens: Sequence[Row]) -> list[Span]:
    """Where words stand; where players are several words each, where these stand."""
    phrases = [(token["char_start"], token["char_end"]) for token in tokens]
    if any(len(text[start:end].split()) > 1 for start, end in phrases):
        return phrases
    return [match.span() for match in re.finditer(r"\S+", text)]


def _spread(places: Sequence[Span], sound: Sequence[Row]) -> NDArray[np.float64]:
    """Times in proportion to characters, from the sound's start to its end."""
    ends = np.cumsum([end - start for start, end in places])
    edges = np.concatenate([[0.0], ends / ends[-1]])
    start, end = sound[0]["start_ms"], sound[-1]["end_ms"]
    spans: NDArray[np.float64] = start + (end - start) * np.stack([edges[:-1], edges[1:]], axis=1)
    return spans


def _of_words(places: Sequence[Span], tokens: Sequence[Row]) -> NDArray[np.float64]:
    """[n, tokens]: 1 where a token belongs to a word, the last that begins before the token ends."""
    starts = np.array([start for start, _ in places])
    ends = np.array([token["char_end"] for token in tokens])
    word_of = np.maximum(np.searchsorted(starts, ends, side="left") - 1, 0)
    weights: NDArray[np.float64] = (word_of == np.arange(len(places))[:, None]).astype(np.float64)
    return weights


def _during(spans: NDArray[np.float64], sound: Sequence[Row]) -> NDArray[np.float64]:
    """[n, players]: the share of each player's time that lies in a word's."""
    starts, ends = (np.array([player[name] for player in sound]) for name in ("start_ms", "end_ms"))
    overlap = np.minimum(spans[:, 1:], ends) - np.maximum(spans[:, :1], starts)
    lasting = ends - starts
    shares: NDArray[np.float64] = np.divide(overlap.clip(0), lasting, out=np.zeros_like(overlap), where=lasting > 0)
    return shares


def _sums(
    weights: NDArray[np.float64], players: Sequence[Row]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    phi, se = values_of(players)
    return weights @ phi, None if se is None else np.sqrt(weights**2 @ se**2)


def values_of(players: Sequence[Row]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """[n] Shapley values and [n] standard errors of players; None where they have none."""
    phi = np.array([player["phi"] for player in players], dtype=np.float64)
    errors = [player["se"] for player in players]
    return phi, None if None in errors else np.array(errors, dtype=np.float64)
