"""Pictures of cameras that were held otherwise than upright."""

import gc

import av
import numpy as np
import pytest
from PIL import Image

from media import decode_video

RED, GREEN, BLUE, GREY = (200, 40, 40), (40, 200, 40), (40, 40, 200), (180, 180, 180)
SCENE = {
    0: [RED, GREEN, BLUE, GREY],
    90: [GREEN, GREY, RED, BLUE],
    180: [GREY, BLUE, GREEN, RED],
    270: [BLUE, RED, GREY, GREEN],
}
"""Quarters of a picture that is turned to the left by so many degrees."""
ROUNDED = 4
"""By YUV and the codec."""


@pytest.fixture
def scene():
    """Twice as wide as high."""
    above, below = (np.repeat(np.array([pair], np.uint8), 64, axis=1) for pair in ((RED, GREEN), (BLUE, GREY)))
    return np.repeat(np.concatenate([above, below]), 32, axis=0)


def mirrored(quarters):
    first, second, third, fourth = quarters
    return [second, first, fourth, third]


def upside_down(quarters):
    return [*quarters[2:], *quarters[:2]]


@pytest.mark.parametrize("degrees", SCENE)
@pytest.mark.parametrize("name", ["phone.mp4", "phone.mov", "phone.mkv"])
def test_a_turned_camera_s_picture_is_upright(tmp_path, write_pictures, quadrants, preprocessing, scene, name, degrees):
    path = write_pictures(tmp_path / name, [scene] * 3, set_up=lambda stream: stream.set_display_rotation(degrees))
    video = decode_video(path, 0.0, None, preprocessing)
    assert len(video.frames) == 3
    for frame in range(3):
        np.testing.assert_allclose(quadrants(video, frame), SCENE[degrees], atol=ROUNDED)


@pytest.mark.parametrize("degrees", SCENE)
@pytest.mark.parametrize(("flip", "flipped"), [("hflip", mirrored), ("vflip", upside_down)])
def test_a_mirror_is_looked_at_from_the_front(
    tmp_path, write_pictures, quadrants, preprocessing, scene, degrees, flip, flipped
):
    path = write_pictures(
        tmp_path / "selfie.mp4",
        [scene],
        set_up=lambda stream: stream.set_display_rotation(degrees, **{flip: True}),
    )
    found = quadrants(decode_video(path, 0.0, None, preprocessing))
    np.testing.assert_allclose(found, flipped(SCENE[degrees]), atol=ROUNDED)


@pytest.mark.parametrize("matrix", [[0] * 9, [1 << 16, 1 << 16, 0, 1 << 16, 1 << 16, 0, 0, 0, 1 << 30]])
def test_a_matrix_that_shows_nothing_is_ignored(tmp_path, write_pictures, quadrants, preprocessing, scene, matrix):
    path = write_pictures(tmp_path / "flat.mp4", [scene], set_up=lambda stream: stream.set_display_matrix(matrix))
    np.testing.assert_allclose(quadrants(decode_video(path, 0.0, None, preprocessing)), SCENE[0], atol=ROUNDED)


def test_a_span_of_a_turned_film_is_turned_too(tmp_path, write_pictures, quadrants, preprocessing, scene):
    path = write_pictures(
        tmp_path / "phone.mp4",
        [scene] * 30,
        options={"g": "10"},
        set_up=lambda stream: stream.set_display_rotation(90),
    )
    video = decode_video(path, 600.0, 680.0, preprocessing)
    assert len(video.frames) == 2
    np.testing.assert_allclose(quadrants(video, 1), SCENE[90], atol=ROUNDED)


def test_no_frame_stays_in_memory(tmp_path, write_pictures, preprocessing, scene):
    """PyAV ties frames to themselves whose side data are read: a film would stay until the garbage is collected."""
    path = write_pictures(tmp_path / "phone.mp4", [scene] * 30, set_up=lambda stream: stream.set_display_rotation(90))
    gc.collect()
    gc.disable()
    try:
        decode_video(path, 0.0, None, preprocessing)
        kept = [thing for thing in gc.get_objects() if isinstance(thing, av.VideoFrame) and thing.width == 128]
    finally:
        gc.enable()
    assert kept == []


def test_a_photograph_stands_as_its_exif_says(tmp_path, quadrants, preprocessing, scene):
    photograph = Image.fromarray(scene)
    turned_right = photograph.getexif()
    turned_right[0x112] = 6
    photograph.save(tmp_path / "photograph.jpg", exif=turned_right, quality=95)
    found = quadrants(decode_video(tmp_path / "photograph.jpg", 0.0, None, preprocessing))
    np.testing.assert_allclose(found, SCENE[270], atol=ROUNDED)
