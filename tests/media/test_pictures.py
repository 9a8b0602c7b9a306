"""Spans of one file, one after the other: each as if it were alone."""

import itertools
from contextlib import closing
from fractions import Fraction

import av
import numpy as np
import pytest

from media import ClipReader, MediaError, Preprocessing, decode_clip, decode_video
from media.pictures import PictureReader
from media.video import read_video

SMALL = Preprocessing(image_size=32)
FORMATS = {
    "v.mp4": {},
    "v.mkv": {},
    "v.ts": {},
    "v.mov": {"codecs": ("libx264", "flac"), "options": {"g": "1000"}},
    "open.mkv": {"options": {"g": "24", "bf": "3", "x264-params": "open-gop=1:scenecut=0"}},
    "refresh.mkv": {"options": {"g": "24", "x264-params": "intra-refresh=1"}},
    "v.mpg": {"codecs": ("mpeg2video", "mp2"), "options": {"g": "12", "bf": "2"}},
    "m.ts": {"codecs": ("mpeg2video", "mp2"), "options": {"g": "50", "bf": "2"}},
    "v.avi": {"codecs": ("mpeg4", "mp2"), "options": {"g": "12", "bf": "2"}},
    "j.mkv": {"codecs": ("mjpeg", "mp2"), "options": {"strict": "-1"}},
}
SPANS_MS = {
    "adjacent": list(itertools.pairwise([0.0, 700.0, 1500.0, 1510.0, 2600.0, 4000.0])),
    "with gaps": [(100.0, 300.0), (320.0, 500.0), (2900.0, 3100.0), (4200.0, 9000.0)],
    "overlapping": [(500.0, 1700.0), (900.0, 1300.0), (1250.0, 2600.0), (1250.0, 1260.0)],
    "backwards": [(3000.0, 3500.0), (1000.0, 1200.0), (1100.0, 1300.0), (0.0, 200.0)],
}


def videos(path, spans_ms, preprocessing=SMALL):
    with closing(PictureReader(path, preprocessing.image_size)) as reader:
        found = []
        for start_ms, end_ms in spans_ms:
            try:
                found.append(read_video(reader, start_ms, end_ms, preprocessing.max_frames))
            except MediaError as error:
                found.append(str(error))
        return found, reader.decoded


def same(one, other):
    if one is None or isinstance(one, str):
        return one == other
    return one.cut == other.cut and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("frames", "times_ms")
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_span_among_others_is_the_span_alone(tmp_path, write_media, name):
    path = write_media(tmp_path / name, frames=110, **FORMATS[name])
    for kind, spans_ms in SPANS_MS.items():
        together, _ = videos(path, spans_ms)
        alone = [videos(path, [span])[0][0] for span in spans_ms]
        assert all(map(same, together, alone)), kind


# Not of MPEG-2 ("m.ts"): FFmpeg fills what is lost from memory that earlier frames left, another each time.
@pytest.mark.parametrize("name", ["v.mp4", "open.mkv", "v.mpg"])
def test_a_span_among_others_is_the_span_alone_in_a_damaged_stream(tmp_path, write_media, name):
    path = write_media(tmp_path / name, frames=110, **FORMATS[name])
    content = bytearray(path.read_bytes())
    for at in range(3000, len(content) - 1500, 701):
        content[at : at + 3] = b"\xa5\x5a\x00"
    path.write_bytes(content)
    for kind, spans_ms in SPANS_MS.items():
        together, _ = videos(path, spans_ms)
        alone = [videos(path, [span])[0][0] for span in spans_ms]
        assert all(map(same, together, alone)), kind


def test_adjacent_and_overlapping_spans_between_two_key_frames_decode_no_frame_twice(tmp_path, write_media):
    path = write_media(tmp_path / "v.mp4", frames=110, options={"g": "200"})
    for kind in ("adjacent", "overlapping"):
        assert videos(path, SPANS_MS[kind])[1] <= 110, kind
    assert sum(videos(path, [span])[1] for span in SPANS_MS["adjacent"]) > 150


def test_a_gap_with_a_key_frame_isnt_decoded(tmp_path, write_media):
    path = write_media(tmp_path / "v.mp4", frames=1000, options={"g": "25"})
    assert videos(path, [(0.0, 400.0), (38_000.0, 38_400.0)])[1] < 60


def test_a_span_after_a_failure_is_the_span_alone(tmp_path, write_media):
    path = write_media(tmp_path / "v.mp4", frames=60)
    with closing(ClipReader(path, preprocessing=SMALL)) as reader:
        with pytest.raises(MediaError, match="past the end"):
            reader.clip(start_ms=5000.0)
        found = reader.clip(start_ms=800.0, end_ms=1200.0).video
    assert same(found, decode_clip(path, start_ms=800.0, end_ms=1200.0, preprocessing=SMALL).video)


def test_frames_of_a_variable_rate_keep_their_own_times(tmp_path):
    stamps = [0, 40, 60, 200, 210, 500, 900, 1000]
    path = written(tmp_path / "v.mkv", stamps_ms=stamps)
    assert decode_video(path, 60.0, 900.0, SMALL).times_ms.tolist() == [60, 200, 210, 500, 900]


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p10le", "gray", "rgba", "pal8", "nv12", "yuv422p"])
def test_every_pixel_format_shows_its_brightness(tmp_path, pixels):
    codec = {"rgba": "png", "pal8": "png"}.get(pixels, "rawvideo" if pixels == "nv12" else "ffv1")
    name = "v.mov" if codec == "png" else "v.mkv"
    path = written(tmp_path / name, codec=codec, pixels=pixels, value=100)
    assert np.all(np.abs(decode_video(path, 0.0, None, SMALL).frames.astype(int) - 100) <= 3)


@pytest.mark.parametrize(("width", "height"), [(33, 17), (1, 1), (2, 301)])
def test_odd_sizes_and_a_single_frame_are_a_video(tmp_path, width, height):
    path = written(tmp_path / "v.mkv", codec="ffv1", pixels="yuv444p", size=(width, height), stamps_ms=[0])
    assert decode_video(path, 0.0, None, SMALL).frames.shape == (1, 3, 32, 32)


def written(path, *, codec="ffv1", pixels="yuv420p", value=100, size=(64, 48), stamps_ms=(0, 40, 80)):
    """Frames of one grey, at their times."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1000)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        for stamp in stamps_ms:
            grey = np.full((size[1], size[0], 3), value, dtype=np.uint8)
            source = "pal8" if pixels == "pal8" else "rgb24"
            frame = av.VideoFrame.from_ndarray(
                (grey[:, :, 0], np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, 1)) if source == "pal8" else grey,
                format=source,
            )
            if pixels != source:
                frame = frame.reformat(format=pixels)
            frame.pts, frame.time_base = stamp, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
