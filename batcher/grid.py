"""The grid: logits of every combination of the modalities' sub-masks, from one pass of each encoder per mask.

Pure orchestration of an artefact's graphs, whoever runs them: slices that bound the memory, and pictures that
are encoded once however many coalitions show them.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from export.artefact import HEAD, pair_graph, pairs_of, term_name
from media.modality import MODALITIES, Modality

Array = NDArray[Any]


class RunGraph(Protocol):
    """Runs a graph on its inputs, by their names."""

    def __call__(self, graph: str, /, **inputs: Array) -> list[Array]:
        """Return the graph's outputs in their order."""


@dataclass(frozen=True)
class Maskable:
    """One modality of a clip and its sub-masks."""

    clip: Array
    """Token ids int64 [L], wave float32 [N], or frames uint8 [F, 3, 256, 256]."""
    player: NDArray[np.int64]
    """[L], [N] or [F, 4, 4]; -1 where nothing is ever masked."""
    keep: NDArray[np.bool_]
    """[K, n]."""


@dataclass(frozen=True)
class Slices:
    """How much goes into one call of a graph, which bounds its memory."""

    text_masks: int = 16
    audio_masks: int = 4
    pictures: int = 64
    """Masked frames per call of `video_frames`: masks times frames."""
    video_masks: int = 16
    pair_masks: int = 64
    """Masks of each side of a pair."""
    grid_points: int = 1024


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


def evaluate_grid(
    run: RunGraph,
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
    started = time.perf_counter()
    encodings = dict(absent)
    frames_encoded = 0
    if "text" in inputs:
        encodings["text"] = _in_slices(run, "text_encoder", "ids", inputs["text"], slices.text_masks)
    if "audio" in inputs:
        encodings["audio"] = _in_slices(run, "audio_encoder", "wave", inputs["audio"], slices.audio_masks)
    if "video" in inputs:
        features, frames_encoded = frame_features(run, inputs["video"], slices.pictures)
        parts = [run("video_encoder", features=features[rows])[0] for rows in _spans(len(features), slices.video_masks)]
        encodings["video"] = np.concatenate(parts)
    encoded = time.perf_counter()
    logits = _logits(run, encodings, slices)
    return Grid(logits, encoded - started, time.perf_counter() - encoded, frames_encoded)


def frame_features(run: RunGraph, video: Maskable, pictures: int) -> tuple[NDArray[np.float32], int]:
    """Features of every frame under every sub-mask, each distinct picture encoded once.

    Frames that the players divide alike form a run. Within a run two sub-masks show the same picture where
    they agree on its players, and a picture without any kept player is black, the same in all frames. So time
    players cost F + 1 pictures instead of K x F.

    Args:
        run: runs the artefact's graphs.
        video: frames, players and sub-masks.
        pictures: masked frames per call.

    Returns:
        float32 [K, F, d_v], and the number of pictures encoded.
    """
    black, encoded = _black_feature(run, video), 1
    features = np.empty((len(video.keep), len(video.clip), len(black)), np.float32)
    for frames in _alike(video.player):
        layout = video.player[frames.start]
        here = np.unique(layout[layout >= 0])
        distinct, shown = np.unique(video.keep[:, here], axis=0, return_inverse=True)
        lit = distinct.any(axis=1) | (layout < 0).any()
        table = np.empty((len(distinct), frames.stop - frames.start, len(black)), np.float32)
        table[~lit] = black
        table[lit] = _encode_pictures(
            run,
            Maskable(
                clip=video.clip[frames],
                player=np.where(layout < 0, -1, np.searchsorted(here, layout))[None].repeat(table.shape[1], 0),
                keep=distinct[lit],
            ),
            pictures,
        )
        features[:, frames] = table[shown.reshape(-1)]
        encoded += int(lit.sum()) * table.shape[1]
    return features, encoded


def _black_feature(run: RunGraph, video: Maskable) -> NDArray[np.float32]:
    """The feature [d_v] of a black picture."""
    features = run(
        "video_frames",
        frames=np.zeros_like(video.clip[:1]),
        player=np.zeros_like(video.player[:1]),
        keep=np.zeros((1, 1), np.bool_),
    )[0]
    feature: NDArray[np.float32] = features[0, 0]
    return feature


def _alike(player: NDArray[np.int64]) -> Iterator[slice]:
    """Runs of frames whose players lie alike."""
    changes = np.flatnonzero((player[1:] != player[:-1]).any(axis=(1, 2))) + 1
    edges = [0, *changes.tolist(), len(player)]
    for start, stop in pairwise(edges):
        yield slice(start, stop)


def _encode_pictures(run: RunGraph, video: Maskable, pictures: int) -> NDArray[np.float32]:
    """Features [K, F, d_v] of the frames under each sub-mask, at most so many pictures in a call."""
    rows = []
    for masks in _spans(len(video.keep), pictures):
        keep = video.keep[masks]
        parts = [
            run("video_frames", frames=video.clip[frames], player=video.player[frames], keep=keep)[0]
            for frames in _spans(len(video.clip), max(1, pictures // len(keep)))
        ]
        rows.append(np.concatenate(parts, axis=1))
    return np.concatenate(rows)


def _in_slices(run: RunGraph, graph: str, clip: str, masked: Maskable, masks: int) -> Array:
    """Encodings [K, L, d] of text or sound."""
    given = {clip: masked.clip, "player": masked.player}
    return np.concatenate([run(graph, **given, keep=masked.keep[rows])[0] for rows in _spans(len(masked.keep), masks)])


def _spans(length: int, size: int) -> Iterator[slice]:
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))


def _logits(run: RunGraph, encodings: Mapping[Modality, Array], slices: Slices) -> NDArray[np.float32]:
    """Logits [K_T, K_A, K_V, logits] from the encodings."""
    present = [m for m in MODALITIES if m in encodings]
    terms: dict[str, Array] = {}
    axes: dict[str, tuple[Modality, ...]] = {}
    for x, y in pairs_of(present):
        forth, back = term_name(x, y), term_name(y, x)
        terms[forth], terms[back] = _pair(run, x, y, encodings, slices.pair_masks)
        axes |= {forth: (x, y), back: (y, x)}
    if not terms:
        terms, axes = {m: encodings[m][:, 0] for m in present}, {m: (m,) for m in present}
    shape = [len(encodings[m]) if m in encodings else 1 for m in MODALITIES]
    out: NDArray[np.float32] | None = None
    for tile in _tiles(shape, slices.grid_points):
        place = dict(zip(MODALITIES, tile, strict=True))
        parts = {name: term[tuple(place[m] for m in axes[name])] for name, term in terms.items()}
        block = run(HEAD, **parts)[0]
        if out is None:
            out = np.empty((*shape, block.shape[-1]), np.float32)
        out[tile] = block
    assert out is not None  # noqa: S101  # a grid has at least one point
    return out


def _pair(
    run: RunGraph, x: Modality, y: Modality, encodings: Mapping[Modality, Array], masks: int
) -> tuple[Array, Array]:
    """Both inter-modality terms, [K_x, K_y, d_x] and [K_y, K_x, d_y]."""
    graph = pair_graph(x, y)
    blocks = [
        [run(graph, x=encodings[x][rows], y=encodings[y][columns]) for columns in _spans(len(encodings[y]), masks)]
        for rows in _spans(len(encodings[x]), masks)
    ]
    forth = np.concatenate([np.concatenate([block[0] for block in row], axis=1) for row in blocks])
    back = np.concatenate([np.concatenate([block[1] for block in row]) for row in blocks], axis=1)
    return forth, back


def _tiles(shape: list[int], points: int) -> Iterator[tuple[slice, slice, slice]]:
    """Blocks of the grid of at most so many points (or one row of the last axis), last axis whole."""
    text, audio, video = shape
    audio_size = max(1, min(audio, points // video))
    text_size = max(1, points // (audio_size * video))
    for t in _spans(text, text_size):
        for a in _spans(audio, audio_size):
            yield t, a, slice(0, video)
