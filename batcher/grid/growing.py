"""The grid: logits of every combination of the modalities' sub-masks, from one pass of each encoder per mask.

Pure orchestration of an artefact's graphs, whoever runs them. A grid grows: sub-masks are appended to a modality,
and only what is new is computed.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from batcher.grid.calls import RunEach, Slices, spans
from batcher.grid.maskable import Divided, Maskable
from batcher.grid.pictures import DistinctPictures
from export.names import HEAD, pair_graph
from media.modality import MODALITIES, Modality
from sseft.terms import pairs_of, term_name

Array = NDArray[Any]


@dataclass(frozen=True)
class Grid:
    """Logits of the grid, and what they cost."""

    logits: NDArray[np.float32]
    """[K_T, K_A, K_V, logits]; an axis without players has length 1."""
    encode_s: float
    grid_s: float
    """Seconds in pairs and head."""
    frames_encoded: int
    """Pictures that went through FAb-Net."""


Cell: TypeAlias = tuple[slice, slice, slice]
"""A block of the grid: rows of text, audio and video."""


class Part(Protocol):
    """Some points of a grid."""

    @property
    def masks(self) -> tuple[int, int, int]:
        """Of text, audio and video: the shape of the grid."""

    @property
    def cells(self) -> Sequence[Cell]:
        """Blocks that don't overlap, and hold the points."""


P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class GridPart(Generic[P]):
    """Logits of a part of the grid, and what they cost."""

    part: P
    cells: tuple[NDArray[np.float32], ...]
    """Of each of its cells, [.., .., .., logits]."""
    encode_s: float
    grid_s: float
    frames_encoded: int
    """As of a `Grid`."""


def evaluate_grid(
    run: RunEach,
    inputs: Mapping[Modality, Maskable],
    absent: Mapping[Modality, Array],
    slices: Slices,
) -> Grid:
    """Evaluate the product grid of one clip's sub-masks.

    Args:
        run: runs the artefact's graphs.
        inputs: the modalities that the clip has and the model uses.
        absent: the constant encoding [1, L, d] of each modality that the model uses.
        slices: bounds of the calls.

    Returns:
        The grid.
    """
    growing = GrowingGrid(run, inputs, absent, slices)
    for modality, masked in inputs.items():
        growing.extend(modality, masked.keep)
    return growing.grid()


class GrowingGrid:
    """The grid of one clip whose modalities get sub-masks bit by bit.

    What is known stays: encodings, pair terms, pictures and logits. Each graph is called for what is new alone, and
    no earlier than it can be: a pair once both of its modalities have rows, the head once logits are asked for.
    """

    def __init__(
        self, run: RunEach, clip: Mapping[Modality, Divided], absent: Mapping[Modality, Array], slices: Slices
    ) -> None:
        """Begin without any sub-mask.

        Args:
            run: runs the artefact's graphs.
            clip: the modalities that the clip has and the model uses.
            absent: the constant encoding [1, L, d] of each modality that the model uses.
            slices: bounds of the calls.
        """
        self._run, self._clip, self._slices = run, dict(clip), slices
        self._modalities = [m for m in MODALITIES if m in absent or m in clip]
        self._encodings: dict[Modality, Array] = {}
        """[K, L, d] of each modality that has rows."""
        self._terms: dict[str, _Term] = {}
        self._logits: NDArray[np.float32] | None = None
        self._pictures = DistinctPictures(run, clip["video"], slices) if "video" in clip else None
        self._encode_s = self._grid_s = 0.0
        for modality in self._modalities:
            if modality not in clip:
                self._append(modality, absent[modality])

    def extend(self, modality: Modality, keep: NDArray[np.bool_]) -> None:
        """Append sub-masks to a modality, and compute the terms that they add to the grid.

        Args:
            modality: one that the clip has.
            keep: bool [k, n], k >= 1, of the modality's n players; the first of a modality hold none and all.

        Raises:
            ValueError: the clip hasn't the modality, or no sub-masks were given.
        """
        if modality not in self._clip or not len(keep):
            raise ValueError(
                f"{len(keep)} sub-masks of {modality}, and the clip has {', '.join(self._clip) or 'nothing'}: extend "
                "one of these, by at least one sub-mask"
            )
        started = time.perf_counter()
        encodings = self._encode(modality, keep)
        self._encode_s += time.perf_counter() - started
        self._append(modality, encodings)

    def grid(self) -> Grid:
        """The grid of all sub-masks so far.

        Raises:
            ValueError: a modality that the clip has got none.
        """
        shape = self._shape()
        started = time.perf_counter()
        if self._logits is None:
            self._logits = self._block([slice(0, K) for K in shape])
        for axis, K in enumerate(shape):
            known = self._logits.shape[axis]
            if known < K:
                rows = [slice(known, K) if i == axis else slice(0, self._logits.shape[i]) for i in range(len(shape))]
                self._logits = _joined(self._logits, self._block(rows), axis)
        self._grid_s += time.perf_counter() - started
        return Grid(self._logits, self._encode_s, self._grid_s, self._frames_encoded)

    def part(self, part: P) -> GridPart[P]:
        """A part of the grid of all sub-masks so far; the head sees no other points.

        Raises:
            ValueError: a modality that the clip has got no sub-masks, or the part is that of another grid.
        """
        shape = self._shape()
        if list(part.masks) != shape:
            raise ValueError(f"the part is one of a grid {part.masks}, and this one is {shape}: give one of its own")
        started = time.perf_counter()
        cells = tuple(self._block(cell) for cell in part.cells)
        self._grid_s += time.perf_counter() - started
        return GridPart(part, cells, self._encode_s, self._grid_s, self._frames_encoded)

    @property
    def _frames_encoded(self) -> int:
        return self._pictures.encoded if self._pictures else 0

    def _shape(self) -> list[int]:
        """Sub-masks of text, audio and video so far, 1 where the model doesn't use a modality."""
        lacking = [m for m in self._modalities if m not in self._encodings]
        if lacking:
            raise ValueError(f"no sub-masks of {', '.join(lacking)} yet: extend each modality that the clip has")
        return [len(self._encodings[m]) if m in self._encodings else 1 for m in MODALITIES]

    def _encode(self, modality: Modality, keep: NDArray[np.bool_]) -> Array:
        """Encodings [k, L, d] of sub-masks [k, n]."""
        if modality == "video":
            return self._encode_video(keep)
        name, size = ("ids", self._slices.text_masks) if modality == "text" else ("wave", self._slices.audio_masks)
        given = {name: self._clip[modality].clip, "player": self._clip[modality].player}
        calls = (given | {"keep": keep[rows]} for rows in spans(len(keep), size))
        return np.concatenate([encoding for (encoding,) in self._run(f"{modality}_encoder", calls)])

    def _encode_video(self, keep: NDArray[np.bool_]) -> Array:
        assert self._pictures is not None  # noqa: S101  # the clip has video
        self._pictures.encode(keep)
        slices = spans(len(keep), self._slices.video_masks)
        calls = ({"features": self._pictures.features(keep[rows])} for rows in slices)
        return np.concatenate([encoding for (encoding,) in self._run("video_encoder", calls)])

    def _append(self, modality: Modality, new: Array) -> None:
        """Append encodings [k, L, d] to a modality, and the new blocks of its pairs."""
        started = time.perf_counter()
        for x, y in pairs_of(self._modalities):
            other = y if modality == x else x
            if modality in (x, y) and other in self._encodings:
                self._append_pair(x, y, modality, self._encodings | {modality: new})
        if len(self._modalities) == 1:
            self._append_term(modality, (modality,), modality, new[:, 0])
        before = self._encodings.get(modality)
        self._encodings[modality] = new if before is None else np.concatenate([before, new])
        self._grid_s += time.perf_counter() - started

    def _append_pair(self, x: Modality, y: Modality, grown: Modality, encodings: Mapping[Modality, Array]) -> None:
        """Append both inter-modality terms of the new encodings of one side and all of the other."""
        forth, back = _pair(self._run, x, y, encodings, self._slices.pair_masks)
        self._append_term(term_name(x, y), (x, y), grown, forth)
        self._append_term(term_name(y, x), (y, x), grown, back)

    def _append_term(self, name: str, axes: tuple[Modality, ...], grown: Modality, new: Array) -> None:
        known = self._terms.get(name)
        self._terms[name] = _Term(axes, _joined(known.values if known else None, new, axes.index(grown)))

    def _block(self, cell: Sequence[slice]) -> NDArray[np.float32]:
        """Logits [.., .., .., logits] of some rows of text, audio and video."""
        rows = dict(zip(MODALITIES, cell, strict=True))
        terms = {name: _Term(term.axes, term.at(rows)) for name, term in self._terms.items()}
        shape = [span.stop - span.start for span in cell]
        return _logits(self._run, terms, shape, self._slices.grid_points)


@dataclass(frozen=True)
class _Term:
    """What the head sees of one or two modalities."""

    axes: tuple[Modality, ...]
    values: Array
    """[K_x, K_y, d_x], or [K, d] where the model has one modality."""

    def at(self, place: Mapping[Modality, slice]) -> Array:
        """The values in a block of the grid, whole along modalities that aren't named."""
        block: Array = self.values[tuple(place.get(m, slice(None)) for m in self.axes)]
        return block


def _joined(before: Array | None, new: Array, axis: int) -> Array:
    return new if before is None else np.concatenate([before, new], axis=axis)


def _logits(run: RunEach, terms: Mapping[str, _Term], shape: list[int], points: int) -> NDArray[np.float32]:
    """Logits [K_T, K_A, K_V, logits] from the terms of a grid of that shape, at most so many points in a call."""
    out: NDArray[np.float32] | None = None
    tiles = list(_tiles(shape, points))
    places = (dict(zip(MODALITIES, tile, strict=True)) for tile in tiles)
    calls = ({name: term.at(place) for name, term in terms.items()} for place in places)
    for tile, (block,) in zip(tiles, run(HEAD, calls), strict=True):
        if out is None:
            out = np.empty((*shape, block.shape[-1]), np.float32)
        out[tile] = block
    assert out is not None  # noqa: S101  # a grid has at least one point
    return out


def _pair(
    run: RunEach, x: Modality, y: Modality, encodings: Mapping[Modality, Array], masks: int
) -> tuple[Array, Array]:
    """Both inter-modality terms, [K_x, K_y, d_x] and [K_y, K_x, d_y]."""
    columns = list(spans(len(encodings[y]), masks))
    calls = (
        {"x": encodings[x][rows], "y": encodings[y][column]}
        for rows in spans(len(encodings[x]), masks)
        for column in columns
    )
    results = list(run(pair_graph(x, y), calls))
    blocks = [results[row] for row in spans(len(results), len(columns))]
    forth = np.concatenate([np.concatenate([block[0] for block in row], axis=1) for row in blocks])
    back = np.concatenate([np.concatenate([block[1] for block in row]) for row in blocks], axis=1)
    return forth, back


def _tiles(shape: list[int], points: int) -> Iterator[Cell]:
    """Blocks of the grid of at most so many points (or one row of the last axis), last axis whole."""
    text, audio, video = shape
    audio_size = max(1, min(audio, points // video))
    text_size = max(1, points // (audio_size * video))
    for t in spans(text, text_size):
        for a in spans(audio, audio_size):
            yield t, a, slice(0, video)
