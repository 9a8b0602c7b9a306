import itertools
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from media import MediaError, Preprocessing, decode_sound, decode_video


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.ts"])
@pytest.mark.parametrize(("first", "last"), [(0, 5), (1, 2), (39, 42), (40, 45), (61, 100), (100, 110)])
def test_a_span_holds_exactly_its_frames_wherever_the_key_frames_are(
    tmp_path, write_media, frame_numbers, preprocessing, name, first, last
):
    path = write_media(tmp_path / name, frames=110)
    video = decode_video(path, 40.0 * first, 40.0 * last, preprocessing)
    assert frame_numbers(video) == list(range(first, last))
    np.testing.assert_allclose(video.times_ms, 40.0 * np.arange(first, last + 1), atol=1e-9)
    assert not video.cut


def test_a_program_stream_is_frame_exact_and_counts_from_its_own_start(
    tmp_path, write_media, frame_numbers, preprocessing
):
    path = write_media(tmp_path / "v.mpg", frames=60, codecs=("mpeg2video", "mp2"), options={"g": "12", "bf": "2"})
    video = decode_video(path, 800.0, 1200.0, preprocessing)
    assert frame_numbers(video) == list(range(20, 30))
    np.testing.assert_allclose(video.times_ms, 40.0 * np.arange(20, 31), atol=0.1)


def test_bounds_between_frames_take_those_that_start_inside(tmp_path, write_media, frame_numbers, preprocessing):
    path = write_media(tmp_path / "v.mp4", frames=50)
    video = decode_video(path, 401.0, 521.0, preprocessing)
    assert frame_numbers(video) == [11, 12, 13]
    assert video.times_ms.tolist() == [440.0, 480.0, 520.0, 560.0]


@pytest.mark.parametrize("index", range(1, 30, 4))
def test_a_frame_s_own_time_as_the_start_finds_the_frame_again(
    tmp_path, write_media, frame_numbers, preprocessing, index
):
    path = write_media(tmp_path / "v.mp4", frames=30, rate_hz=Fraction(30000, 1001))
    times_ms = decode_video(path, 0.0, None, preprocessing).times_ms
    again = decode_video(path, float(times_ms[index]), float(times_ms[index + 1]), preprocessing)
    assert frame_numbers(again) == [index]


def test_adjacent_spans_share_no_frame_and_lose_none(tmp_path, write_media, frame_numbers, preprocessing):
    path = write_media(tmp_path / "v.mp4", frames=60, rate_hz=Fraction(30000, 1001))
    bounds = [0.0, 333.667, 1000.0, 1134.4678, 2100.0]
    found = [
        number
        for start, end in itertools.pairwise(bounds)
        for number in frame_numbers(decode_video(path, start, end, preprocessing))
    ]
    assert found == list(range(60))


def test_more_frames_than_the_model_takes_are_cut(tmp_path, write_media, frame_numbers):
    path = write_media(tmp_path / "v.mp4", frames=20)
    video = decode_video(path, 0.0, None, Preprocessing(max_frames=8))
    assert frame_numbers(video) == list(range(8))
    assert video.cut
    assert video.times_ms[-1] == 320.0
    assert not decode_video(path, 0.0, None, Preprocessing(max_frames=20)).cut


def test_the_published_limit_is_300_frames(tmp_path, write_media, preprocessing):
    path = write_media(tmp_path / "v.mp4", frames=301, rate_hz=50)
    video = decode_video(path, 0.0, None, preprocessing)
    assert (len(video.frames), len(video.times_ms), video.cut) == (300, 301, True)
    assert not decode_video(path, 20.0, None, preprocessing).cut


def test_pictures_are_pillow_s_bilinear_at_256_pixels_without_the_aspect(tmp_path, preprocessing):
    picture = np.random.default_rng(0).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "p.png")
    video = decode_video(tmp_path / "p.png", 0.0, None, preprocessing)
    expected = np.asarray(Image.fromarray(picture).resize((256, 256), Image.Resampling.BILINEAR))
    assert video.frames.dtype == np.uint8
    np.testing.assert_array_equal(video.frames, expected.transpose(2, 0, 1)[None])


COLOURS = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (180, 180, 180)]
"""Of the quarters of a picture."""


def quarters(colours, height=64, width=128):
    above, below = (np.repeat(np.array([pair], np.uint8), width // 2, axis=1) for pair in (colours[:2], colours[2:]))
    return np.repeat(np.concatenate([above, below]), height // 2, axis=0)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("v.mkv", "ffv1", "yuv422p10le"),
        ("v.mov", "prores_ks", "yuv422p10le"),
        ("v.mp4", "libx264", "yuv444p"),
        ("v.mov", "rawvideo", "uyvy422"),
        ("v.mov", "png", "rgb24"),
        ("v.mov", "png", "rgba"),
        ("v.mkv", "mjpeg", "yuvj420p"),
        ("v.mov", "mjpeg", "yuvj422p"),
        ("v.mp4", "libx264", "yuvj420p"),
    ],
)
def test_every_pixel_format_shows_the_same_colours(
    tmp_path, write_pictures, quadrants, preprocessing, name, codec, pixels
):
    path = write_pictures(tmp_path / name, [quarters(COLOURS)], codec=codec, pixels=pixels)
    np.testing.assert_allclose(quadrants(decode_video(path, 0.0, None, preprocessing)), COLOURS, atol=4)


@pytest.mark.parametrize("pixels", ["gray", "gray16le"])
def test_pictures_without_colour_show_its_brightness(tmp_path, write_pictures, quadrants, preprocessing, pixels):
    path = write_pictures(tmp_path / "v.mkv", [quarters(COLOURS)], codec="ffv1", pixels=pixels)
    found = np.array(quadrants(decode_video(path, 0.0, None, preprocessing)))
    assert np.ptp(found, axis=1).max() == 0
    np.testing.assert_allclose(found[:, 0], np.array(COLOURS) @ (0.299, 0.587, 0.114), atol=2)


@pytest.mark.parametrize("matrix", [1, 5, 9], ids=["HD", "SD", "UHD"])
def test_colours_are_those_of_the_standard_that_the_file_names(
    tmp_path, write_pictures, quadrants, preprocessing, matrix
):
    def named(stream):
        stream.codec_context.colorspace = matrix

    picture = quarters(COLOURS)
    path = write_pictures(tmp_path / "v.mp4", [picture], pixels="yuv444p", matrix=matrix, set_up=named)
    np.testing.assert_allclose(quadrants(decode_video(path, 0.0, None, preprocessing)), COLOURS, atol=4)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("v.mpg", "mpeg2video", {"flags": "+ildct+ilme", "g": "12", "bf": "2", "b": "8M"}),
        ("v.mp4", "libx264", {"x264-params": "tff=1", "crf": "12", "g": "12"}),
    ],
)
def test_both_fields_of_an_interlaced_picture_are_one_frame(
    tmp_path, write_pictures, preprocessing, name, codec, options
):
    """Two moments, each in every other line, weigh the same in a picture of half the height."""
    pictures = []
    for index in range(30):
        picture = np.full((512, 128, 3), 20, np.uint8)
        picture[index % 2 :: 2] = 180 + index
        pictures.append(picture)
    path = write_pictures(tmp_path / name, pictures, codec=codec, options=options)
    with av.open(str(path)) as container:
        assert all(frame.interlaced_frame for frame in container.decode(video=0))
    video = decode_video(path, 800.0, 1000.0, preprocessing)
    np.testing.assert_allclose(video.times_ms, 40.0 * np.arange(20, 26), atol=0.1)
    inner = video.frames[:, :, 8:-8, 8:-8].astype(float)
    np.testing.assert_allclose(inner.mean(axis=(1, 2, 3)), 100 + np.arange(20, 25) / 2, atol=2)
    assert np.ptp(inner, axis=2).max() < 20  # no lines are left


@pytest.mark.parametrize(("name", "codec", "pixels"), [("v.ts", "libx264", "yuv420p"), ("v.mkv", "mjpeg", "yuvj420p")])
def test_pictures_that_change_their_size_go_on_as_one_film(
    tmp_path, write_pictures, quadrants, preprocessing, name, codec, pixels
):
    sizes = [(64, 128), (240, 320), (128, 64)]
    turned = [[*COLOURS[i:], *COLOURS[:i]] for i in range(3)]
    pictures = [quarters(colours, *size) for colours, size in zip(turned, sizes, strict=True) for _ in range(10)]
    options = {"bf": "0", "g": "5"} if codec == "libx264" else {}
    path = write_pictures(tmp_path / name, pictures, codec=codec, pixels=pixels, options=options)
    video = decode_video(path, 0.0, None, preprocessing)
    assert (len(video.frames), video.cut) == (30, False)
    np.testing.assert_allclose(video.times_ms, 40.0 * np.arange(31), atol=0.1)
    for frame in range(30):
        np.testing.assert_allclose(quadrants(video, frame), turned[frame // 10], atol=6)
    across = decode_video(path, 380.0, 620.0, preprocessing)
    np.testing.assert_array_equal(across.frames, video.frames[10:16])


def test_no_picture_gives_none(tmp_path, write_media, preprocessing):
    wave = np.zeros((1, 16_000), dtype=np.int16)
    sound_only = write_media(tmp_path / "s.flac", wave=wave, wave_rate_hz=16_000)
    assert decode_video(sound_only, 0.0, None, preprocessing) is None
    short = write_media(tmp_path / "v.mp4", frames=5)
    assert decode_video(short, 10_000.0, None, preprocessing) is None


def test_damaged_packets_are_an_error_where_nothing_else_is_there(tmp_path, write_media, preprocessing):
    path = write_media(tmp_path / "v.mov", frames=5, codecs=("png", "flac"), options={"pred": "none"})
    content = path.read_bytes()
    path.write_bytes(content.replace(b"IDAT", b"\0DAT").replace(b"IHDR", b"\0HDR"))
    with pytest.raises(MediaError, match="can't be decoded"):
        decode_video(path, 0.0, None, preprocessing)


def test_real_clips_are_frame_exact_after_a_seek(real_clips):
    everything = Preprocessing(max_frames=10_000, image_size=32)
    for name in ("bg_test_video.mp4", "grid_bbaf2n.mpg", "pyfeat_face_noface.mov", "pyfeat_single_face.mp4"):
        whole = decode_video(real_clips / name, 0.0, None, everything)
        starts_ms = whole.times_ms[:-1]
        for start_ms, end_ms in ((700.0, 1200.0), (1333.3, 2222.2), (2100.0, 2401.0)):
            part = decode_video(real_clips / name, start_ms, end_ms, everything)
            inside = (starts_ms >= start_ms) & (starts_ms < end_ms)
            np.testing.assert_array_equal(part.frames, whole.frames[inside])
            np.testing.assert_array_equal(part.times_ms[:-1], starts_ms[inside])


def test_a_real_stream_that_starts_late_stays_at_its_time(real_clips, preprocessing):
    path = real_clips / "pyfeat_face_noface.mov"
    sound = decode_sound(path, 2000.0, 3000.0, preprocessing)
    lead = 107_164 / 44_100 - 2.0
    assert np.all(sound.wave[: int(lead * 16_000) - 1] == 0)
    assert len(sound.wave) == 16_000
