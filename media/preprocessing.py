"""What the model was trained to see: rates, sizes and limits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preprocessing:
    """How media becomes model inputs; the defaults are those that SSE-FT was trained with."""

    sample_rate_hz: int = 16_000
    """Rate of the waveform, in samples a second."""
    max_samples: int = 150_000
    """Most samples that the model sees: 9.375 s at 16 kHz."""
    max_frames: int = 300
    """Most video frames that the model sees, at the file's own rate."""
    image_size: int = 256
    """Height and width of a frame, in pixels; the aspect isn't kept."""
    max_tokens: int = 512
    """Most token ids that the model sees, `<s>` and `</s>` among them."""
