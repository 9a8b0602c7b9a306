"""Counting the work of a model's parts, by PyTorch's own counter."""

from collections.abc import Callable
from functools import partial
from typing import Final

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from export.frames import CELLS, FramesGraph
from export.graphs import PairGraph
from export.work import Work
from media.modality import Modality
from sseft.model import SSEFT

TOKENS: Final = 20
SECONDS: Final = 3
FRAMES: Final = 75
"""A sentence of 3 s."""
GRID_MASKS: Final = 8
"""Of each modality in pairs and head, whose work is that of the products of their masks, nearly."""


def count_work(model: SSEFT) -> Work:
    """Count by running every part on a sentence of 3 s, shorter where the model's limits are.

    Args:
        model: SSE-FT in eval mode.
    """
    config, lengths = model.config, _lengths(model)
    encoders: dict[Modality, Callable[[], Tensor]] = {
        "text": lambda: model.encode_text(torch.full((1, lengths["text"]), config.text.mask_id)),
        "audio": lambda: model.encode_audio(torch.zeros(1, lengths["audio"])),
        "video": lambda: model.encode_video(torch.zeros(1, lengths["video"], config.video.dim)),
    }
    each = {m: _flops(encoders[m]) / lengths[m] for m in config.modalities}
    with torch.no_grad():
        encodings = {m: encoders[m]().expand(GRID_MASKS, -1, -1) for m in config.modalities}
    table, picture = _frame_flops(model) if "video" in config.modalities else (0.0, 0.0)
    pairs = [_flops(partial(PairGraph(model, x, y), encodings[x], encodings[y])) for x, y in config.pairs]
    grid = _flops(partial(model, encodings)) - sum(
        _flops(partial(model.pair, x, y, encodings[x], encodings[y])) for x, y in config.pairs
    )
    return Work(
        token=each.get("text", 0.0),
        sample=each.get("audio", 0.0),
        table=table,
        picture=picture,
        frame=each.get("video", 0.0),
        pair=sum(pairs) / max(1, len(pairs)) / GRID_MASKS**2,
        point=grid / GRID_MASKS ** len(config.modalities),
    )


def _lengths(model: SSEFT) -> dict[Modality, int]:
    """Tokens, samples and frames of the sentence."""
    limits = model.config.preprocessing
    return {
        "text": min(TOKENS, limits.max_tokens),
        "audio": min(SECONDS * limits.sample_rate_hz, limits.max_samples),
        "video": min(FRAMES, limits.max_frames),
    }


def _frame_flops(model: SSEFT) -> tuple[float, float]:
    """Of one frame, whatever the masks, and for each mask."""
    graph, size = FramesGraph(model), model.config.video.image_size
    frames = torch.zeros(1, 3, size, size, dtype=torch.uint8)
    player = torch.arange(CELLS * CELLS).reshape(1, CELLS, CELLS)

    def of(masks: int) -> float:
        return _flops(lambda: graph(frames, player, torch.ones(masks, CELLS * CELLS, dtype=torch.bool)))

    each = of(2) - of(1)
    return of(1) - each, each


def _flops(call: Callable[[], object]) -> float:
    """Floating-point operations of a call's products."""
    # The counter knows attention by its products, not by PyTorch's fused kernel of the CPU.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        call()
    total: int = counter.get_total_flops()
    return float(total)
