"""Clips of given sizes, with random words, sound and pictures: what explaining costs depends on sizes alone."""

import numpy as np

from batcher.plan.size import Size
from export.artefact import Artefact
from media import Clip, Sound, Text, TextTokens, Video, from_ids


def made_up_clip(size: Size, artefact: Artefact, seed: int) -> Clip:
    """A clip as decoding one of this size gives it.

    Args:
        size: of the clip.
        artefact: of the model, which has no use for modalities that it doesn't see.
        seed: of its random content.
    """
    rng = np.random.default_rng(seed)
    limits, seen = artefact.preprocessing, artefact.modalities
    end_ms = 1000 * size.samples / limits.sample_rate_hz
    return Clip(
        text=_text(size, artefact.tokens, rng) if "text" in seen else None,
        sound=_sound(size, rng) if "audio" in seen else None,
        video=_video(size, limits.image_size, end_ms, rng) if "video" in seen else None,
        start_ms=0.0,
        end_ms=end_ms,
    )


def _text(size: Size, tokens: TextTokens, rng: np.random.Generator) -> Text | None:
    words = np.setdiff1d(
        np.arange(tokens.vocab_size), [tokens.bos_id, tokens.eos_id, tokens.pad_id, tokens.mask_id], assume_unique=True
    )
    return from_ids(rng.choice(words, max(0, size.tokens - size.marks)).tolist(), tokens, size.tokens)


def _sound(size: Size, rng: np.random.Generator) -> Sound | None:
    wave = rng.uniform(-1, 1, size.samples).astype(np.float32)
    return Sound(wave, start_ms=0.0, cut="audio" in size.cut) if size.samples else None


def _video(size: Size, side: int, end_ms: float, rng: np.random.Generator) -> Video | None:
    frames = rng.integers(256, size=(size.frames, 3, side, side), dtype=np.uint8)
    times_ms = np.linspace(0.0, end_ms, size.frames + 1)
    return Video(frames, times_ms, cut="video" in size.cut) if size.frames else None
