import numpy as np
import pytest
from PIL import Image

from media import decode_clip
from media.planted.mp4 import FRAME_MS, FRAME_RATE_HZ, write_mp4

FRAMES = 13


@pytest.fixture
def wave():
    """Noise of the clip's length, 520 ms: no whole number of AAC's frames."""
    rng = np.random.default_rng(0)
    smooth = np.convolve(rng.normal(size=48 * FRAME_MS * FRAMES), np.ones(24) / 24, "same")
    return (0.3 * smooth / np.abs(smooth).max()).astype(np.float32)


@pytest.fixture
def frames():
    return [Image.new("RGB", (256, 256), (10 * index, 100, 200 - 10 * index)) for index in range(FRAMES)]


def test_the_same_clip_is_written_in_the_same_bytes(tmp_path, frames, wave):
    paths = [tmp_path / name for name in ("one.mp4", "other.mp4")]
    for path in paths:
        write_mp4(path, iter(frames), wave, 48_000)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_every_frame_is_read_back_at_its_time_and_every_sample_where_it_was(tmp_path, frames, wave, preprocessing):
    write_mp4(tmp_path / "clip.mp4", frames, wave, 48_000)
    clip = decode_clip(tmp_path / "clip.mp4", end_ms=float(FRAME_MS * FRAMES), preprocessing=preprocessing)
    assert FRAME_MS * FRAME_RATE_HZ == 1000
    np.testing.assert_array_equal(clip.video.times_ms, FRAME_MS * np.arange(FRAMES + 1))
    shown = clip.video.frames.mean(axis=(2, 3))
    np.testing.assert_allclose(shown, [frame.getpixel((0, 0)) for frame in frames], atol=6)
    assert len(clip.sound.wave) == 16 * FRAME_MS * FRAMES
    likeness = np.correlate(clip.sound.wave, wave[::3], "full")
    assert likeness.argmax() == len(wave[::3]) - 1
