import math

import numpy as np
import pytest

from batcher.plan.size import Size
from bench.night.clips import made_up_clip
from bench.night.lengths import Length
from bench.night.sizes import size_of, sizes_of
from media import decode_clip

RATE_HZ = 24


def test_a_short_segment_is_seen_as_a_whole(limits):
    assert size_of(Length(5, 1.26), limits, RATE_HZ) == Size(tokens=7, samples=20_160, frames=31)


def test_an_impossibly_long_segment_is_cut_at_the_models_limits(limits):
    for seconds in (304.94, math.inf):
        found = size_of(Length(2000, seconds), limits, RATE_HZ)
        assert found == Size(512, 150_000, 300, cut=("text", "audio", "video"))


def test_what_just_fits_is_not_cut(limits):
    assert size_of(Length(510, 9.375, 300), limits, RATE_HZ) == Size(512, 150_000, 300)
    assert size_of(Length(511, 9.3751, 301), limits, RATE_HZ).cut == ("text", "audio", "video")


def test_segments_without_length_are_counted_and_left_out(limits):
    lengths = [Length(1, seconds) for seconds in (1.0, 0.0, -3.0, math.nan, 2.0)]
    sizes = sizes_of(lengths, limits, RATE_HZ)
    assert [size.samples for size in sizes.readable] == [16_000, 32_000]
    assert sizes.unreadable == 3


@pytest.mark.parametrize("segment_ms", [400, 1000, 1990])
def test_a_size_is_that_of_the_decoded_clip(demo_segments, artefact, segment_ms):
    # The shipped clips have 25 frames a second.
    clip = decode_clip(demo_segments[0].path, start_ms=0, end_ms=segment_ms, preprocessing=artefact.preprocessing)
    size = size_of(Length(0, segment_ms / 1000), artefact.preprocessing, 25)
    assert (size.samples, size.frames) == (len(clip.sound.wave), len(clip.video.frames))


def test_a_made_up_clip_has_its_size(artefact):
    clip = made_up_clip(Size(9, 1234, 5, cut=("video",)), artefact, seed=3)
    assert (len(clip.text.ids), len(clip.sound.wave), clip.video.frames.shape) == (9, 1234, (5, 3, 256, 256))
    assert clip.text.special.tolist() == [True, *[False] * 7, True]
    assert clip.video.times_ms.shape == (6,)
    assert clip.cut
    again = made_up_clip(Size(9, 1234, 5), artefact, seed=3)
    np.testing.assert_array_equal(clip.text.ids, again.text.ids)
    np.testing.assert_array_equal(clip.video.frames, again.video.frames)


def test_a_made_up_clip_lacks_what_its_segment_lacks(artefact):
    clip = made_up_clip(Size(0, 0, 4), artefact, seed=0)
    assert clip.text is None
    assert clip.sound is None
    assert len(clip.video.frames) == 4
