"""What is refused, and how it is told."""

import re
import time

import numpy as np
import pytest

from media import LimitError, Limits, MediaError, Preprocessing, decode_clip, decode_video
from media.limits import Deadline

SMALL = Preprocessing(image_size=32)


@pytest.fixture
def both(tmp_path, write_media):
    return write_media(tmp_path / "b.mkv", frames=25, wave=np.zeros((2, 48_000), dtype=np.int16))


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ({"file_bytes": 100}, r"bytes, more than 100\. Split it"),
        ({"duration_s": 0.5}, r"lasts 1 s by its own word, more than 0\. Split it"),
        ({"streams": 1}, r"has 2 streams, more than 1\. Keep"),
        ({"pixels": 5000}, r"80 x 64 = 5120 pixels, more than 5000\. Convert"),
        ({"channels": 1}, r"has 2 channels, more than 1\. Mix"),
        ({"sample_rate_hz": 44_100}, r"has 48000 samples a second, more than 44100\. Convert"),
        ({"decode_s": -1.0}, r"takes longer than -1 s\. Copy"),
    ],
)
def test_what_asks_for_too_much_is_refused_with_the_value_the_limit_and_a_remedy(both, limit, message):
    assert decode_clip(both, preprocessing=SMALL).video is not None
    with pytest.raises(LimitError, match=message):
        decode_clip(both, preprocessing=SMALL, limits=Limits(**limit))


def test_a_picture_that_is_larger_than_its_container_says_is_never_decoded(tmp_path, write_media):
    path = write_media(tmp_path / "v.mkv", frames=10)
    content = path.read_bytes()
    assert content.count(b"\xb0\x81\x50\xba\x81\x40") == 1
    path.write_bytes(content.replace(b"\xb0\x81\x50\xba\x81\x40", b"\xb0\x81\x10\xba\x81\x10"))
    with pytest.raises(MediaError, match=re.escape("more than 5000")):
        decode_video(path, 0.0, None, SMALL, Limits(pixels=5000))


def test_a_deadline_that_hasnt_passed_is_silent():
    deadline = Deadline(60.0, "this")
    deadline.check()
    with pytest.raises(LimitError, match="Decoding this takes longer than 1 s"):
        Deadline(1.0, "this", time.monotonic() - 2).check()
