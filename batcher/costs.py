"""What one more sub-mask of a modality costs, from a short calibration of the artefact's graphs."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from batcher.backends import Backend
from batcher.calls import Slices
from batcher.maskable import Divided
from batcher.pictures import new_pictures
from export.artefact import HEAD, Artefact, pair_graph, pairs_of, term_name
from media.modality import Modality

Array = NDArray[Any]

TOKENS: Final = 32
SOUND_S: Final = 3
FRAMES: Final = 75
"""The made-up clip: a sentence of 3 s."""
PAIR_MASKS: Final = 16
"""Of each side of the pairs that are timed."""
REPEATS: Final = 3
LONG_ENOUGH_S: Final = 0.05
"""A call as long as this is mostly work; shorter ones get more masks, up to a slice."""
TOO_LONG_S: Final = 1.0
"""Calls that took so long together aren't repeated."""


@dataclass(frozen=True)
class PassCosts:
    """Seconds of work of the graphs, 0 of those that the model lacks."""

    token_s: float
    """Per token of one pass of the text encoder."""
    sample_s: float
    """Per sample of one pass of the sound encoder."""
    picture_s: float
    """Per picture of FAb-Net."""
    frame_s: float
    """Per frame of one pass of the video encoder."""
    pair_s: float
    """Per pair of sub-masks of two modalities: both inter-modality terms."""
    point_s: float
    """Per point of the grid in the head."""

    def seconds_per_mask(self, modality: Modality, divided: Divided, masks: Mapping[Modality, int]) -> float:
        """Seconds that one more sub-mask of a modality costs: its pass, its pairs, and its slab of the grid.

        Args:
            modality: that gets it.
            divided: the modality in this clip.
            masks: sub-masks so far of every modality that the model uses, 1 of those that the clip lacks.
        """
        others = [K for m, K in masks.items() if m != modality]
        return (
            self._pass_s(modality, divided, masks.get(modality, 0))
            + self.pair_s * sum(others)
            + self.point_s * math.prod(others)
        )

    def _pass_s(self, modality: Modality, divided: Divided, masks: int) -> float:
        length = len(divided.clip)
        if modality == "text":
            return self.token_s * length
        if modality == "audio":
            return self.sample_s * length
        return self.picture_s * new_pictures(divided.player, masks) + self.frame_s * length


def measure_costs(backend: Backend) -> PassCosts:
    """Time the graphs on a made-up sentence of 3 s, shorter where the model's limits are.

    Takes a second or two for the shipped model, and for one whose passes take seconds three passes of each encoder. A
    graph's first call of each shape doesn't count: it pays for more than its work.

    Args:
        backend: runs the artefact, as those will for whom the costs are.
    """
    artefact, slices = backend.artefact, Slices()
    encoders, most = _encoders(backend), {"text": slices.text_masks, "audio": slices.audio_masks}
    pass_s = {m: _seconds_per_mask(encode, most.get(m, slices.video_masks)) for m, encode in encoders.items()}
    lengths = _lengths(artefact)
    return PassCosts(
        token_s=pass_s.get("text", 0.0) / lengths["text"],
        sample_s=pass_s.get("audio", 0.0) / lengths["audio"],
        picture_s=_seconds_per_mask(_show(backend), slices.pictures) if "video" in encoders else 0.0,
        frame_s=pass_s.get("video", 0.0) / lengths["video"],
        pair_s=_pair_s(backend, {m: encode(1).repeat(PAIR_MASKS, axis=0) for m, encode in encoders.items()}),
        point_s=_point_s(backend, slices.grid_points),
    )


def _lengths(artefact: Artefact) -> dict[Modality, int]:
    """Tokens, samples and frames of the made-up clip."""
    limits = artefact.preprocessing
    return {
        "text": min(TOKENS, limits.max_tokens),
        "audio": min(SOUND_S * limits.sample_rate_hz, limits.max_samples),
        "video": min(FRAMES, limits.max_frames),
    }


def _encoders(backend: Backend) -> dict[Modality, Callable[[int], Array]]:
    """For each modality of the model, a function that encodes the made-up clip under so many sub-masks."""
    lengths, tokens = _lengths(backend.artefact), backend.artefact.tokens
    ids = np.full(lengths["text"], tokens.mask_id, np.int64)
    wave = np.random.default_rng(0).normal(size=lengths["audio"]).astype(np.float32)

    def encode_text(masks: int) -> Array:
        return backend.run("text_encoder", ids=ids, player=np.zeros(len(ids), np.int64), keep=_all(masks))[0]

    def encode_audio(masks: int) -> Array:
        return backend.run("audio_encoder", wave=wave, player=np.zeros(len(wave), np.int64), keep=_all(masks))[0]

    def encode_video(masks: int) -> Array:
        shape = (masks, lengths["video"], backend.artefact.dims["video"])
        return backend.run("video_encoder", features=np.zeros(shape, np.float32))[0]

    encoders: dict[Modality, Callable[[int], Array]] = {
        "text": encode_text,
        "audio": encode_audio,
        "video": encode_video,
    }
    return {m: encoders[m] for m in backend.artefact.modalities}


def _show(backend: Backend) -> Callable[[int], Array]:
    """A function that sends so many pictures through FAb-Net."""
    size = backend.artefact.preprocessing.image_size
    frames = np.random.default_rng(0).integers(256, size=(1, 3, size, size), dtype=np.uint8)
    player = np.zeros((1, 4, 4), np.int64)
    return lambda pictures: backend.run("video_frames", frames=frames, player=player, keep=_all(pictures))[0]


def _all(masks: int) -> NDArray[np.bool_]:
    """Sub-masks [masks, 1] that keep the only player."""
    return np.ones((masks, 1), np.bool_)


def _pair_s(backend: Backend, encodings: Mapping[Modality, Array]) -> float:
    """Seconds per pair of encodings [K, L, d], the mean over the pairs of modalities; 0 without any."""
    pairs = pairs_of(backend.artefact.modalities)
    calls = [partial(backend.run, pair_graph(x, y), x=encodings[x], y=encodings[y]) for x, y in pairs]
    return sum(map(_median_s, calls)) / max(1, len(pairs)) / PAIR_MASKS**2


def _point_s(backend: Backend, points: int) -> float:
    """Seconds per point of a grid of at most so many, as long on every axis."""
    modalities, dims = backend.artefact.modalities, backend.artefact.dims
    K = int(points ** (1 / len(modalities)) + 1e-9)
    terms = {term_name(x, y): np.zeros((K, K, dims[x]), np.float32) for x in modalities for y in modalities if x != y}
    given = terms or {m: np.zeros((K, dims[m]), np.float32) for m in modalities}
    return _median_s(partial(backend.run, HEAD, **given)) / math.prod([K] * len(modalities))


def _seconds_per_mask(call: Callable[[int], object], most: int) -> float:
    """Seconds per mask of a call with as many of them as a slice holds, or as are long enough."""
    masks = 1
    while (seconds := _median_s(partial(call, masks))) < LONG_ENOUGH_S and masks < most:
        masks = min(2 * masks, most)
    return seconds / masks


def _median_s(call: Callable[[], object]) -> float:
    """Median seconds of a few calls, after one that doesn't count."""
    call()
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < TOO_LONG_S:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return median(times)
