"""The distinct pictures of a clip: each is encoded once, however many sub-masks show it.

Frames that the players divide alike form a stretch. Within one, two sub-masks show the same picture where they
agree on its players, and a picture without any kept player is black, the same in all frames. So time players
cost F + 1 pictures instead of K x F.

Features come to the host, wherever they were made: [K, F, d] is little, and which are the same is found here.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from batcher.grid.calls import RunEach, Slices, spans
from batcher.grid.maskable import Divided, Maskable

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

BLACK = 0
"""The row of a stretch's features that stands for black pictures."""


def frame_features(run: RunEach, video: Maskable, slices: Slices) -> tuple[FloatArray, int]:
    """Features of every frame under every sub-mask, each distinct picture encoded once.

    Args:
        run: runs the artefact's graphs.
        video: frames, players and sub-masks.
        slices: bounds of the calls.

    Returns:
        float32 [K, F, d_v], and the number of pictures encoded.
    """
    distinct = DistinctPictures(run, video, slices)
    distinct.encode(video.keep)
    return distinct.features(video.keep), distinct.encoded


def new_pictures(player: NDArray[np.int64], masks: int) -> float:
    """How many pictures one more sub-mask is expected to show first.

    Of n players in a stretch a mask is taken to be any of the 2^n with equal chance. None and all were among the
    first. So it is about F for cells of the picture, and 0 where players are groups of frames.

    Args:
        player: int64 [F, 4, 4].
        masks: sub-masks so far, none and all among them.
    """
    lengths: dict[int, int] = {frames.start: frames.stop - frames.start for frames in _alike(player)}
    return sum(length * _chance_of_new(len(_players(player[f])), masks) for f, length in lengths.items())


class DistinctPictures:
    """The pictures of one clip that were encoded so far, with their features."""

    def __init__(self, run: RunEach, video: Divided, slices: Slices) -> None:
        """Nothing is encoded yet."""
        self._run, self._video, self._slices = run, video, slices
        self._stretches: list[_Stretch] = []
        self.encoded = 0
        """Pictures that went through FAb-Net."""

    def encode(self, keep: BoolArray) -> None:
        """Encode the pictures that the sub-masks [k, n] show and no earlier ones showed."""
        if not self._stretches:
            black = self._black_feature()
            self._stretches = [_stretch(self._video.player, frames, black) for frames in _alike(self._video.player)]
        for stretch in self._stretches:
            self._encode_in(stretch, keep[:, stretch.players])

    def features(self, keep: BoolArray) -> FloatArray:
        """Features [k, F, d_v] of all frames under sub-masks [k, n] whose pictures are encoded."""
        parts = [stretch.features[stretch.rows_of(keep[:, stretch.players])] for stretch in self._stretches]
        return np.concatenate(parts, axis=1)

    def _black_feature(self) -> FloatArray:
        """The feature [d_v] of a black picture."""
        black = {
            "frames": np.zeros_like(self._video.clip[:1]),
            "player": np.zeros_like(self._video.player[:1]),
            "keep": np.zeros((1, 1), np.bool_),
        }
        ((features,),) = self._run("video_frames", [black])
        self.encoded += 1
        feature: FloatArray = np.asarray(features)[0, 0]
        return feature

    def _encode_in(self, stretch: "_Stretch", keep: BoolArray) -> None:
        """Encode what is new of the sub-masks [k, q] of a stretch's players."""
        new = stretch.unseen(keep)
        if not len(new):
            return
        frames = self._video.clip[stretch.frames]
        player = np.broadcast_to(stretch.layout, (len(frames), *stretch.layout.shape))
        stretch.append(new, _encode_pictures(self._run, Maskable(frames, player, new), self._slices))
        self.encoded += len(new) * len(frames)


@dataclass
class _Stretch:
    """Consecutive frames that the players divide alike."""

    frames: slice
    players: NDArray[np.int64]
    """[q], those that lie here."""
    layout: NDArray[np.int64]
    """[4, 4], indices into `players`, -1 where nothing is ever masked."""
    features: FloatArray
    """[1 + D, f, d_v] of the stretch's f frames, black and under the D distinct sub-masks seen."""
    row: dict[bytes, int]
    """Of `features`, by sub-mask of these players."""

    def unseen(self, keep: BoolArray) -> BoolArray:
        """The distinct sub-masks [D', q] among [k, q] that show pictures which aren't encoded."""
        return np.array(
            [mask for mask in np.unique(keep, axis=0) if not self._is_black(mask) and mask.tobytes() not in self.row],
            np.bool_,
        )

    def append(self, keep: BoolArray, features: FloatArray) -> None:
        """Add the features [D', f, d_v] of unseen sub-masks [D', q]."""
        self.row |= {mask.tobytes(): i for i, mask in enumerate(keep, start=len(self.features))}
        self.features = np.concatenate([self.features, features])

    def rows_of(self, keep: BoolArray) -> list[int]:
        """The rows of `features` that sub-masks [k, q] show."""
        return [BLACK if self._is_black(mask) else self.row[mask.tobytes()] for mask in keep]

    def _is_black(self, mask: BoolArray) -> bool:
        return not mask.any() and not (self.layout < 0).any()


def _stretch(player: NDArray[np.int64], frames: slice, black: FloatArray) -> _Stretch:
    """A stretch of which only black is known."""
    layout = player[frames.start]
    players = _players(layout)
    return _Stretch(
        frames=frames,
        players=players,
        layout=np.where(layout < 0, -1, np.searchsorted(players, layout)),
        features=np.broadcast_to(black, (1, frames.stop - frames.start, len(black))),
        row={},
    )


def _players(layout: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those that lie in a frame, in order."""
    return np.unique(layout[layout >= 0])


def _alike(player: NDArray[np.int64]) -> Iterator[slice]:
    """The stretches."""
    changes = np.flatnonzero((player[1:] != player[:-1]).any(axis=(1, 2))) + 1
    edges = [0, *changes.tolist(), len(player)]
    for start, stop in pairwise(edges):
        yield slice(start, stop)


def _chance_of_new(n: int, masks: int) -> float:
    """That a random subset of n players is neither none nor all nor among `masks` random ones."""
    subset = math.ldexp(1.0, -n)
    return max(0.0, 1.0 - 2 * subset) * math.pow(1.0 - subset, masks)


def _encode_pictures(run: RunEach, video: Maskable, slices: Slices) -> FloatArray:
    """Features [K, F, d_v] of the frames under each sub-mask."""
    rows = []
    for masks in spans(len(video.keep), slices.pictures):
        keep = video.keep[masks]
        calls = (
            {"frames": video.clip[frames], "player": video.player[frames], "keep": keep}
            for frames in spans(len(video.clip), max(1, min(slices.frames, slices.pictures // len(keep))))
        )
        rows.append(np.concatenate([np.asarray(out[0]) for out in run("video_frames", calls)], axis=1))
    return np.concatenate(rows)
