"""How TensorRT runs an artefact's encoders: one engine for each, whatever the length of a clip.

TensorRT plans an engine's memory for the largest of every axis at once. So it gets the graphs whose axes are bounded
one by one; in the others only products of axes are (the head's grid points, the frames' pictures), and CUDA runs those.
Without a profile it would build an engine anew, for minutes, whenever a clip is longer than all before.

Nothing here ran on a GPU yet; `bench.gpu` says what it gives there.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from batcher.backends import BackendError
from batcher.grid.calls import Slices
from batcher.players import SAMPLES_PER_PLAYER
from export.artefact import Artefact, Precision

Shape = tuple[int, ...]
Profile = Mapping[str, tuple[Shape, Shape, Shape]]
"""Of a graph: by input, its smallest shape, the one to be fastest for, and its largest."""

GRAPHS: Final = ("text_encoder", "audio_encoder", "video_encoder")
"""The rest is CUDA's."""

TOKENS: Final = 24
SOUND_S: Final = 4
FRAMES: Final = 90
"""A usual clip, for which engines are fastest."""

TF32: Final = "NVIDIA_TF32_OVERRIDE"


def tensorrt_options(graph: str, artefact: Artefact, slices: Slices) -> dict[str, Any]:
    """Options of the provider for one graph.

    Args:
        graph: one of `GRAPHS`.
        artefact: that it belongs to.
        slices: bounds of its calls.
    """
    cache = str(cache_folder(artefact))
    profile = profile_of(graph, artefact, slices)
    half = artefact.precision == "fp16"
    return {
        "trt_fp16_enable": half,
        "trt_layer_norm_fp32_fallback": half,
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": cache,
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": cache,
    } | {
        f"trt_profile_{name}_shapes": _written({given: shapes[i] for given, shapes in profile.items()})
        for i, name in enumerate(("min", "opt", "max"))
    }


def profile_of(graph: str, artefact: Artefact, slices: Slices) -> Profile:
    """The shapes of a graph's calls, whatever the clip and its players.

    Args:
        graph: one of `GRAPHS`.
        artefact: says the longest clip.
        slices: say the most masks.
    """
    limits = artefact.preprocessing
    if graph == "text_encoder":
        return _encoder("ids", (TOKENS, limits.max_tokens), (TOKENS, limits.max_tokens), slices.text_masks)
    if graph == "audio_encoder":
        samples = (SOUND_S * limits.sample_rate_hz, limits.max_samples)
        players = [max(1, length // SAMPLES_PER_PLAYER) for length in samples]
        return _encoder("wave", samples, (players[0], players[1]), slices.audio_masks)
    masks, usual, d = slices.video_masks, min(FRAMES, limits.max_frames), artefact.dims["video"]
    return {"features": ((1, 1, d), (masks, usual, d), (masks, limits.max_frames, d))}


def check_precision(precision: Precision) -> None:
    """Refuse to round what was exported in full.

    Raises:
        BackendError: the artefact is float32, and TensorRT would compute its products with 10 bits of mantissa.
    """
    if precision == "fp32" and os.environ.get(TF32) != "0":
        raise BackendError(
            f"TensorRT computes an fp32 artefact in TF32, three digits short: export it with --precision fp16, set "
            f"{TF32}=0 in the environment, or use --device cuda"
        )


def cache_folder(artefact: Artefact) -> Path:
    """Where engines wait for the next start. TensorRT tells graphs apart by their structure, not by their weights."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "mmexplain" / "tensorrt" / artefact.digest[:16]


def _encoder(name: str, lengths: tuple[int, int], players: tuple[int, int], masks: int) -> Profile:
    """Of an encoder of a clip [length] with its players [length] under sub-masks [masks, players]; usual and most."""
    usual, most = min(lengths), lengths[1]
    length = ((1,), (usual,), (most,))
    return {name: length, "player": length, "keep": ((1, 1), (masks, min(players)), (masks, players[1]))}


def _written(shapes: Mapping[str, Shape]) -> str:
    """As the provider reads it: `ids:24,player:24,keep:16x20`."""
    return ",".join(f"{name}:{'x'.join(map(str, shape))}" for name, shape in shapes.items())
