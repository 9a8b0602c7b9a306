"""Files of several streams: whose pictures are seen, and whose sound is heard."""

import av
import numpy as np
import pytest

from media import decode_clip, decode_sound, decode_video
from media.container import stream_of

COLOURS = [(200, 40, 40), (40, 200, 40), (40, 40, 200)]
PITCHES_HZ = [400, 600, 800]
YELLOW = (250, 250, 0)
DEFAULT, COVER, NONE = av.stream.Disposition.default, av.stream.Disposition.attached_pic, av.stream.Disposition(0)


def picture(colour, size):
    return av.VideoFrame.from_ndarray(np.broadcast_to(np.uint8(colour), (size, size, 3)).copy(), format="rgb24")


def tone(pitch_hz):
    return (8000 * np.sin(2 * np.pi * pitch_hz * np.arange(20 * 1024) / 48_000)).astype(np.int16)


def add_picture(container, size, disposition=NONE, codec="libx264", pixels="yuv420p"):
    stream = container.add_stream(codec, rate=25)
    stream.width, stream.height, stream.pix_fmt, stream.disposition = size, size, pixels, disposition
    return stream


def write_streams(path, default=None, *, cover=False, pictures=3, sounds=3):
    """Pictures of one colour each, of which later ones are larger, and tones; first of all a cover."""
    with av.open(str(path), "w") as container:
        if cover:
            first = add_picture(container, 512, COVER, "mjpeg", "yuvj420p")
        mine = [DEFAULT if default == i else NONE for i in range(3)]
        videos = [add_picture(container, 64 * (i + 1), mine[i]) for i in range(pictures)]
        codec = "libmp3lame" if path.suffix == ".mp3" else "aac"
        audios = [container.add_stream(codec, rate=48_000, layout="mono") for _ in range(sounds)]
        for stream, disposition in zip(audios, mine, strict=False):
            stream.disposition = disposition
        if cover:
            container.mux(first.encode(picture(YELLOW, 512)))
            container.mux(first.encode())
        for i, stream in enumerate(videos):
            for _ in range(10):
                container.mux(stream.encode(picture(COLOURS[i], 64 * (i + 1))))
            container.mux(stream.encode())
        for i, stream in enumerate(audios):
            frame = av.AudioFrame.from_ndarray(tone(PITCHES_HZ[i])[None], format="s16", layout="mono")
            frame.sample_rate = 48_000
            fifo = av.AudioFifo()
            fifo.write(frame)
            for part in fifo.read_many(stream.codec_context.frame_size, partial=True):
                container.mux(stream.encode(part))
            container.mux(stream.encode())
    return path


def colour_of(video):
    return video.frames[0, :, 128, 128]


def pitch_hz(sound):
    part = sound.wave[1000:5000]
    return np.argmax(np.abs(np.fft.rfft(part))) * 16_000 / len(part)


@pytest.mark.parametrize("default", [0, 1, 2])
@pytest.mark.parametrize("name", ["several.mp4", "several.mkv"])
def test_of_several_streams_the_default_ones_are_seen_and_heard(tmp_path, preprocessing, name, default):
    path = write_streams(tmp_path / name, default)
    clip = decode_clip(path, preprocessing=preprocessing)
    np.testing.assert_allclose(colour_of(clip.video), COLOURS[default], atol=4)
    assert pitch_hz(clip.sound) == pytest.approx(PITCHES_HZ[default], abs=4)


def test_a_cover_is_no_film_though_it_is_larger(tmp_path, preprocessing):
    path = write_streams(tmp_path / "film.mp4", cover=True, pictures=1)
    with av.open(str(path)) as container:
        assert [stream.disposition for stream in container.streams.video if stream.disposition & COVER]
    video = decode_video(path, 0.0, None, preprocessing)
    assert len(video.frames) == 10
    np.testing.assert_allclose(colour_of(video), COLOURS[0], atol=4)


@pytest.mark.parametrize("name", ["song.mp3", "song.mp4"])
def test_a_song_with_a_cover_is_sound_alone(tmp_path, preprocessing, name):
    path = write_streams(tmp_path / name, cover=True, pictures=0, sounds=1)
    with av.open(str(path)) as container:
        (cover,) = container.streams.video
        assert cover.disposition & COVER
        assert container.streams.best("video") is cover  # FFmpeg alone would take it
        assert stream_of(container, "video") is None
    assert decode_video(path, 0.0, None, preprocessing) is None
    assert pitch_hz(decode_sound(path, 0.0, None, preprocessing)) == pytest.approx(PITCHES_HZ[0], abs=4)
