"""A whole file heard block by block: memory for some minutes of sound, and no word cut by a block's edge."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from media.passage import Dropped, HeardWord, Passage, is_speech
from media.segmentation import PAUSE_MS
from media.sound_stream import RATE_HZ, Piece

BLOCK_MS: Final = 300_000.0
"""Five minutes: 19 MB of samples. Whisper itself hears windows of half a minute."""
CARRIED_MS: Final = 30_000.0
"""Most of a block that is heard again with the next one."""


class Recogniser(Protocol):
    """Hears words in sound."""

    def hear(self, wave: NDArray[np.float32], start_ms: float, language: str | None) -> Iterable[Passage]:
        """What is said, in order.

        Args:
            wave: [N] at 16 kHz, from -1 to 1.
            start_ms: its time in the media file, from which words' times count.
            language: code of two letters; None: those that it hears.
        """


def words_in(
    pieces: Iterable[Piece],
    recogniser: Recogniser,
    language: str | None = None,
    block_ms: float = BLOCK_MS,
    dropped: Dropped | None = None,
) -> Iterator[HeardWord]:
    """Words of a file, in order.

    Each block but the last ends in its last pause; what follows is heard again, as the next block's beginning.

    Args:
        pieces: of its sound (`sound_pieces`).
        recogniser: is asked for one block at a time.
        language: of the file; None: as the recogniser hears it.
        block_ms: longer than `CARRIED_MS`.
        dropped: counts what nobody said.

    Raises:
        ValueError: `block_ms` is too short.
    """
    if block_ms <= CARRIED_MS:
        raise ValueError(f"blocks of {block_ms} ms; they must be longer than {CARRIED_MS} ms")
    dropped = dropped or Dropped()
    block = _Block()
    for piece in pieces:
        if block.pieces and piece.start != block.end:
            yield from _said(_heard(block, recogniser, language), dropped)
            block = _Block()
        block.pieces.append(piece)
        if block.end_ms - block.start_ms >= block_ms:
            passages = _heard(block, recogniser, language)
            cut_ms = _cut_ms([word for one in passages if is_speech(one) for word in one.words], block.end_ms)
            yield from _said(passages, dropped, cut_ms)
            block = block.rest(cut_ms)
    if block.pieces:
        yield from _said(_heard(block, recogniser, language), dropped)


@dataclass
class _Block:
    """Pieces that join."""

    pieces: list[Piece] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.pieces[-1].end

    @property
    def start_ms(self) -> float:
        return 1000 * self.pieces[0].start / RATE_HZ

    @property
    def end_ms(self) -> float:
        return 1000 * self.end / RATE_HZ

    def rest(self, cut_ms: float) -> "_Block":
        """The sound from a time on."""
        start = self.pieces[0].start
        cut = max(start, min(self.end, round(cut_ms * RATE_HZ / 1000)))
        wave = np.concatenate([piece.wave for piece in self.pieces])[cut - start :]
        return _Block([Piece(cut, wave.copy())] if len(wave) else [])


def _heard(block: _Block, recogniser: Recogniser, language: str | None) -> list[Passage]:
    wave = np.concatenate([piece.wave for piece in block.pieces])
    return list(recogniser.hear(wave, block.start_ms, language))


def _said(passages: Iterable[Passage], dropped: Dropped, cut_ms: float = math.inf) -> Iterator[HeardWord]:
    """Words that begin before a time; passages that are no speech are counted. What begins later is heard again."""
    for passage in passages:
        if is_speech(passage):
            yield from (word for word in passage.words if word.start_ms < cut_ms)
        elif passage.start_ms < cut_ms:
            dropped.add(passage.start_ms, min(passage.end_ms, cut_ms))


def _cut_ms(words: Sequence[HeardWord], end_ms: float) -> float:
    """Where a block is cut: in its last pause, at most `CARRIED_MS` before its end, or else its longest gap there.

    Early in the gap: the sound after it may be a word that the block's end cut off, and so wasn't heard.
    """
    first_ms = end_ms - CARRIED_MS
    gaps: list[tuple[float, float]] = []
    before_ms = first_ms
    for word in words:
        if word.start_ms > first_ms:
            gaps.append((before_ms, word.start_ms))
        before_ms = max(before_ms, word.end_ms)
    if end_ms - before_ms >= PAUSE_MS:
        gaps.append((before_ms, end_ms))
    if not gaps:
        return end_ms
    pauses = [gap for gap in gaps if gap[1] - gap[0] >= PAUSE_MS]
    start_ms, stop_ms = pauses[-1] if pauses else max(gaps, key=lambda gap: gap[1] - gap[0])
    return start_ms + min(stop_ms - start_ms, PAUSE_MS) / 2
