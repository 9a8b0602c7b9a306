"""The sound of a whole file, piece by piece, as speech recognition hears it."""

import math
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from media.errors import MediaError
from media.frames import TimedFrame, sound_frames
from media.limits import LIMITS

RATE_HZ: Final = 16_000
UNHURRIED: Final = replace(LIMITS, decode_s=math.inf)
"""A file is listened to while it is decoded, and a day of sound takes hours."""
TOLERANCE_S: Final = Fraction(20, 1000)
"""How far a timestamp may be from where the samples before it end, and still continue them: word times are coarser."""
HOLE_S: Final = Fraction(1, 2)
"""A shorter hole in the stream is filled with silence. Nobody speaks over a longer one: what follows stands alone."""


@dataclass(frozen=True)
class Piece:
    """Some sound."""

    start: int
    """Sample at which it begins, counted from the start of the media."""
    wave: NDArray[np.float32]
    """[N] at 16 kHz: the channels as FFmpeg mixes them down, which may take surround sound past 1."""

    @property
    def end(self) -> int:
        """Sample at which it ends, exclusive."""
        return self.start + len(self.wave)


def sound_pieces(path: Path | str) -> Generator[Piece]:
    """Decode a file's sound, however long, a frame at a time.

    Unlike `decode_sound` it resamples with a filter against aliases, as speech recognition was trained.

    Yields:
        Pieces in their order, which don't overlap. Where one doesn't begin at the end of the one before, the
        stream has a hole. Nothing at all without a sound stream.

    Raises:
        MediaError: the file can't be read, or nothing of its sound can be decoded.
    """
    with closing(sound_frames(path, 0.0, UNHURRIED)) as frames:
        position, damaged = 0, False
        try:
            for piece in _resampled(frames):
                damaged = damaged or piece is None
                fresh = None if piece is None else _after(piece, position)
                if fresh is not None:
                    yield fresh
                    position = fresh.end
        except (av.error.FFmpegError, ValueError) as error:
            raise MediaError(
                f"The sound of '{path}' can't be resampled after {position / RATE_HZ:.1f} s ({error}). Convert it."
            ) from error
    if damaged and position == 0:
        raise MediaError(
            f"The sound of '{path}' can't be decoded: its packets are damaged. "
            "Check that the file plays, and replace or convert it."
        )


class _Run:
    """Frames that join and are alike, through one resampler."""

    def __init__(self, first: TimedFrame) -> None:
        self._form = _form(first.frame)
        self._next_s = first.start_s
        self._position = round(first.start_s * RATE_HZ)
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)

    def continued_by(self, timed: TimedFrame) -> bool:
        """Whether a frame belongs here: broadcasts change from stereo to mono, and streams have holes."""
        return _form(timed.frame) == self._form and abs(timed.start_s - self._next_s) <= TOLERANCE_S

    def put(self, frame: Any | None) -> Iterator[Piece]:
        """What comes out for a frame; for None, what the resampler still holds."""
        if frame is not None:
            self._next_s += Fraction(frame.samples, frame.sample_rate)
        for resampled in self._resampler.resample(frame):
            wave = resampled.to_ndarray()[0]
            yield Piece(self._position, wave)
            self._position += len(wave)


def _resampled(frames: Iterable[TimedFrame]) -> Iterator[Piece | None]:
    """Pieces, which may overlap; None for a damaged packet."""
    run: _Run | None = None
    for timed in frames:
        if timed.frame is None:
            yield None
            continue
        if run is not None and not run.continued_by(timed):
            yield from run.put(None)
            run = None
        run = run or _Run(timed)
        yield from run.put(timed.frame)
    if run is not None:
        yield from run.put(None)


def _after(piece: Piece, position: int) -> Piece | None:
    """The part of a piece from a position on; a short hole before it is filled."""
    hole = piece.start - position
    if 0 < hole < HOLE_S * RATE_HZ:
        return Piece(position, np.concatenate([np.zeros(hole, dtype=np.float32), piece.wave]))
    late = Piece(max(piece.start, position), piece.wave[max(-hole, 0) :])
    return late if len(late.wave) else None


def _form(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
