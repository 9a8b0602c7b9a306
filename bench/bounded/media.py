"""A collection of many spans of few small files, made in moments."""

import json
from pathlib import Path
from typing import Final

import av
import numpy as np

FILES: Final = ("a.mp4", "b.mkv", "c.mp4")
RATE_HZ: Final = 25
SAMPLE_RATE_HZ: Final = 16_000
SPAN_MS: Final = 400.0
_SIDE: Final = 64
"""Height and width of a frame, in pixels."""
_KEY_FRAMES: Final = 10
"""Distance between them, in frames: what is decoded in vain before a span."""
_BLOCK: Final = 1024
"""Samples of an AAC frame."""


def write_collection(folder: Path, segments: int, duration_s: float) -> Path:
    """Write the files and a manifest of their spans, which overlap where there are many.

    Args:
        folder: for all of it.
        segments: how many; those of a file stand together, as in an archive's.
        duration_s: of each file.

    Returns:
        The manifest.
    """
    for seed, name in enumerate(FILES):
        _write_file(folder / name, duration_s, np.random.default_rng(seed))
    manifest = folder / "manifest.jsonl"
    with manifest.open("w") as file:
        for i in range(segments):
            which, place = divmod(i * len(FILES), segments)
            start_ms = place / segments * (1000 * duration_s - SPAN_MS)
            row = {"segment_id": f"segment{i:07}", "media": FILES[which], "text": f"number {i}, well"}
            file.write(json.dumps(row | {"start_ms": start_ms, "end_ms": start_ms + SPAN_MS}) + "\n")
    return manifest


def _write_file(path: Path, duration_s: float, rng: np.random.Generator) -> None:
    """A picture that rolls, and noise."""
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "35", "g": str(_KEY_FRAMES), "threads": "1"}
        video = container.add_stream("libx264", rate=RATE_HZ, options=options)
        video.width = video.height = _SIDE
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono")
        picture = np.kron(rng.integers(0, 256, (8, 8, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
        for frame in range(int(duration_s * RATE_HZ)):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.roll(picture, frame, axis=1), format="rgb24")))
        container.mux(video.encode())
        noise = rng.uniform(-0.1, 0.1, (1, int(duration_s * SAMPLE_RATE_HZ))).astype(np.float32)
        for first in range(0, noise.shape[1], _BLOCK):
            block = np.ascontiguousarray(noise[:, first : first + _BLOCK])
            sound = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            sound.sample_rate, sound.pts = SAMPLE_RATE_HZ, first
            container.mux(audio.encode(sound))
        container.mux(audio.encode())
