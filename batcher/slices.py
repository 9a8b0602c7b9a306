"""How much goes into one call of each graph, from a short measurement on the machine that calls."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from batcher.backends import Backend
from batcher.grid.calls import Slices
from export.names import HEAD, pair_graph
from media.modality import Modality
from sseft.terms import pairs_of, term_name

Array = NDArray[Any]

TOKENS: Final = 20
SOUND_S: Final = 3
FRAME_MASKS: Final = 64
"""Of the frames that are timed."""
FRAMES: Final = 75
"""The made-up clip: a sentence of 3 s."""
LEAST: Final = Slices(text_masks=4, audio_masks=1, frames=2, video_masks=4, pair_masks=16, grid_points=256)
MOST: Final = Slices(text_masks=32, audio_masks=4, frames=8, video_masks=32, pair_masks=64, grid_points=4096)
"""What is tried, from these to those, doubling. The largest bound the memory of the longest clips."""
POWERS: Final = {"pair_masks": 2}
"""How the work of a call grows with its size, where it isn't in proportion."""
GAIN: Final = 0.03
"""A larger slice must be so much faster, or memory is better spent otherwise."""
REPEATS: Final = 3
LONG_S: Final = 0.25
"""A call that takes longer is measured well enough by its first time."""


def measure_slices(backend: Backend) -> Slices:
    """Find how large the calls of each graph should be, on a made-up sentence of 3 s.

    Takes a second for a small model, ten for one of the published size. Nothing but the last digits of a result
    depends on it.

    Args:
        backend: runs the artefact, as those will for whom the slices are.
    """
    modalities, pairs = backend.artefact.modalities, pairs_of(backend.artefact.modalities)
    calls: dict[str, Callable[[int], object]] = {"grid_points": _head(backend)}
    if "text" in modalities:
        calls["text_masks"] = _text(backend)
    if "audio" in modalities:
        calls["audio_masks"] = _audio(backend)
    if "video" in modalities:
        calls |= {"frames": _frames(backend), "video_masks": _video(backend)}
    if pairs:
        calls["pair_masks"] = _pair(backend, *pairs[0])
    found = {
        name: fastest(call, _doubling(getattr(LEAST, name), getattr(MOST, name)), power=POWERS.get(name, 1))
        for name, call in calls.items()
    }
    return replace(Slices(), **found)


def fastest(call: Callable[[int], object], sizes: Sequence[int], *, power: int = 1) -> int:
    """The size, of ascending ones, at which a call takes the least time for what it does.

    Args:
        call: does size^power pieces of work.
        sizes: to try, until one isn't faster than the one before.
        power: how the work grows with the size.
    """
    best, least = sizes[0], np.inf
    for size in sizes:
        seconds = seconds_of(partial(call, size)) / size**power
        if seconds > least * (1 - GAIN):
            break
        best, least = size, seconds
    return best


def seconds_of(call: Callable[[], object]) -> float:
    """Of the fastest of a few calls. The first pays for more than its work, unless that is long."""
    times = [_once(call)]
    while len(times) <= REPEATS and sum(times) < LONG_S:
        times.append(_once(call))
    return min(times)


def _doubling(least: int, most: int) -> list[int]:
    return [least << i for i in range(1 + (most // least).bit_length()) if least << i <= most]


def _once(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _text(backend: Backend) -> Callable[[int], object]:
    length = min(TOKENS, backend.artefact.preprocessing.max_tokens)
    ids = np.full(length, backend.artefact.tokens.mask_id, np.int64)
    return lambda masks: backend.run("text_encoder", ids=ids, player=np.zeros(length, np.int64), keep=_all(masks))


def _audio(backend: Backend) -> Callable[[int], object]:
    limits = backend.artefact.preprocessing
    wave = np.random.default_rng(0).normal(size=min(SOUND_S * limits.sample_rate_hz, limits.max_samples))
    player = np.zeros(len(wave), np.int64)
    return lambda masks: backend.run("audio_encoder", wave=wave.astype(np.float32), player=player, keep=_all(masks))


def _frames(backend: Backend) -> Callable[[int], object]:
    size = backend.artefact.preprocessing.image_size
    frames = np.random.default_rng(0).integers(256, size=(MOST.frames, 3, size, size), dtype=np.uint8)
    player = np.broadcast_to(np.arange(16).reshape(4, 4), (len(frames), 4, 4))
    keep = np.random.default_rng(1).random((FRAME_MASKS, 16)) < 0.5  # noqa: PLR2004  # every other cell
    return lambda count: backend.run("video_frames", frames=frames[:count], player=player[:count], keep=keep)


def _video(backend: Backend) -> Callable[[int], object]:
    shape = min(FRAMES, backend.artefact.preprocessing.max_frames), backend.artefact.dims["video"]
    return lambda masks: backend.run("video_encoder", features=np.zeros((masks, *shape), np.float32))


def _pair(backend: Backend, x: Modality, y: Modality) -> Callable[[int], object]:
    dims = backend.artefact.dims

    def encoding(modality: Modality, masks: int) -> Array:
        return np.zeros((masks, FRAMES, dims[modality]), np.float32)

    return lambda masks: backend.run(pair_graph(x, y), x=encoding(x, masks), y=encoding(y, masks))


def _head(backend: Backend) -> Callable[[int], object]:
    """A function that calls the head for so many points of a grid: one row of the first modality."""
    modalities, dims = backend.artefact.modalities, backend.artefact.dims

    def call(points: int) -> object:
        K: Mapping[Modality, int] = dict(zip(reversed(modalities), (min(points, 64), points // 64, 1), strict=False))
        terms: dict[str, Array] = {
            term_name(x, y): np.zeros((K[x], K[y], dims[x]), np.float32)
            for pair in pairs_of(modalities)
            for x, y in (pair, pair[::-1])
        }
        alone: dict[str, Array] = {m: np.zeros((points, dims[m]), np.float32) for m in modalities}
        return backend.run(HEAD, **(terms or alone))

    return call


def _all(masks: int) -> NDArray[np.bool_]:
    """Sub-masks [masks, 1] that keep the only player."""
    return np.ones((masks, 1), np.bool_)
