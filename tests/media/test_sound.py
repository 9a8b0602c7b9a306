import numpy as np
import pytest

from media import MediaError, Preprocessing, decode_sound


def numbered(length, channels=1):
    """Sample i of channel c is a number that names it within 2^15 samples."""
    index = np.arange(length)
    return np.stack([(index * (channel + 1)) % 32_768 for channel in range(channels)]).astype(np.int16)


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("name", ["s.wav", "s.flac"])
def test_resampling_takes_the_nearest_earlier_sample(tmp_path, write_media, preprocessing, name, rate_hz):
    codec = "flac" if name.endswith("flac") else "pcm_s16le"
    wave = numbered(rate_hz)
    path = write_media(tmp_path / name, wave=wave, wave_rate_hz=rate_hz, codecs=("", codec))
    sound = decode_sound(path, 0.0, None, preprocessing)
    index = np.arange(16_000) * rate_hz // 16_000
    assert sound.wave.dtype == np.float32
    np.testing.assert_array_equal(sound.wave, (wave[0, index] / 32_768).astype(np.float32))


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
@pytest.mark.parametrize(("start_ms", "end_ms"), [(10.0, 20.0), (700.0, 1300.0), (1500.0, 1990.0), (333.3, 444.4)])
def test_a_span_is_sample_exact(tmp_path, write_media, preprocessing, rate_hz, start_ms, end_ms):
    wave = numbered(2 * rate_hz)
    path = write_media(tmp_path / "s.flac", wave=wave, wave_rate_hz=rate_hz)
    sound = decode_sound(path, start_ms, end_ms, preprocessing)
    first, last = (int(np.ceil(round(ms * rate_hz / 1000, 6))) for ms in (start_ms, end_ms))
    index = first + np.arange((last - first) * 16_000 // rate_hz) * rate_hz // 16_000
    np.testing.assert_array_equal(sound.wave, (wave[0, index] / 32_768).astype(np.float32))
    assert sound.start_ms == pytest.approx(1000 * first / rate_hz)
    assert not sound.cut


def test_channels_are_averaged(tmp_path, write_media, preprocessing):
    wave = numbered(16_000, channels=2)
    path = write_media(tmp_path / "s.wav", wave=wave, wave_rate_hz=16_000, codecs=("", "pcm_s16le"))
    expected = (wave.mean(axis=0) / 32_768).astype(np.float32)
    np.testing.assert_array_equal(decode_sound(path, 0.0, None, preprocessing).wave, expected)


def tones(channels):
    """A second of 48 kHz: channel i is a tone of 300 + 100 i Hz."""
    pitches_hz = 300 + 100 * np.arange(channels)[:, None]
    return (8000 * np.sin(2 * np.pi * pitches_hz * np.arange(48_000) / 48_000)).astype(np.int16)


def amplitudes(wave, channels):
    """How loud each channel's tone is in sound of 16 kHz, 1 for what its mean of the channels holds; [channels]."""
    middle = np.arange(2400, 13_600)
    waves = np.exp(-2j * np.pi * (300 + 100 * np.arange(channels)[:, None]) * middle / 16_000)
    return 2 * np.abs((waves * wave[middle]).mean(axis=1)) * channels * 32_768 / 8000


@pytest.mark.parametrize("channels", [6, 8])
@pytest.mark.parametrize(("name", "codec"), [("s.wav", "pcm_s16le"), ("s.flac", "flac"), ("s.mov", "pcm_s24le")])
def test_surround_sound_is_the_mean_of_all_channels(tmp_path, write_media, preprocessing, name, codec, channels):
    wave = tones(channels)
    path = write_media(tmp_path / name, wave=wave, codecs=("", codec))
    expected = (wave.mean(axis=0) / 32_768).astype(np.float32)[::3]
    np.testing.assert_allclose(decode_sound(path, 0.0, None, preprocessing).wave, expected, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "codec", "channels", "bass"),
    [("s.mkv", "ac3", 6, 0.8), ("s.mp4", "aac", 6, 0), ("s.mp4", "aac", 8, 0), ("s.opus", "libopus", 8, 0.9)],
)
def test_compressed_surround_sound_weighs_every_channel_alike(
    tmp_path, write_media, preprocessing, name, codec, channels, bass
):
    """But that of the bass, of which codecs keep low tones alone."""
    path = write_media(tmp_path / name, wave=tones(channels), codecs=("", codec))
    found = amplitudes(decode_sound(path, 0.0, None, preprocessing).wave, channels)
    others = np.arange(channels) != 3
    np.testing.assert_allclose(found[others], 1, atol=0.03)
    assert bass <= found[3] < 1.03


@pytest.mark.parametrize(("codec", "full"), [("pcm_u8", 128), ("pcm_s32le", 32_768), ("pcm_f32le", 32_768)])
def test_every_sample_format_has_the_same_scale(tmp_path, write_media, preprocessing, codec, full):
    wave = (numbered(4000) // 256 * 256).astype(np.int16)
    path = write_media(tmp_path / "s.wav", wave=wave, wave_rate_hz=16_000, codecs=("", codec))
    expected = wave[0] / 32_768
    np.testing.assert_allclose(decode_sound(path, 0.0, None, preprocessing).wave, expected, atol=0.5 / full)


def test_longer_sound_than_the_model_takes_is_cut_at_9_375_s(tmp_path, write_media, preprocessing):
    wave = numbered(10 * 16_000)
    path = write_media(tmp_path / "s.flac", wave=wave, wave_rate_hz=16_000)
    sound = decode_sound(path, 0.0, None, preprocessing)
    assert (len(sound.wave), sound.cut) == (150_000, True)
    exact = decode_sound(path, 100.0, 9475.0, preprocessing)
    assert (len(exact.wave), exact.cut) == (150_000, False)
    np.testing.assert_array_equal(exact.wave * 32_768, wave[0, 1600:151_600])


def test_the_sound_ends_with_its_stream(tmp_path, write_media, preprocessing):
    path = write_media(tmp_path / "s.mkv", frames=50, wave=numbered(48_000))
    assert len(decode_sound(path, 0.0, 2000.0, preprocessing).wave) == 16_000
    assert len(decode_sound(path, 500.0, 2000.0, preprocessing).wave) == 8000
    assert decode_sound(path, 1200.0, 2000.0, preprocessing) is None


@pytest.mark.parametrize(("name", "codecs"), [("s.ts", ("libx264", "mp2")), ("s.mpg", ("mpeg2video", "mp2"))])
def test_sound_and_picture_of_a_stream_that_starts_late_count_from_one_origin(
    tmp_path, write_media, preprocessing, name, codecs
):
    wave = np.zeros((1, 2 * 48_000), dtype=np.int16)
    wave[0, 48_000:52_800] = 20_000 * np.sin(np.arange(4800) * 2 * np.pi * 1000 / 48_000)
    path = write_media(tmp_path / name, frames=50, wave=wave, codecs=codecs, options={"g": "12"})
    sound = decode_sound(path, 500.0, 1500.0, preprocessing)
    loud = np.flatnonzero(np.abs(sound.wave) > 0.1)
    # MPEG's encoder delays by 481 samples of 48 kHz, which its own timestamps make up for or don't.
    assert loud[0] / 16 == pytest.approx(500.0, abs=12.0)
    assert loud[-1] / 16 == pytest.approx(600.0, abs=12.0)


def test_a_compressed_span_is_what_the_whole_decoding_holds_there(tmp_path, write_media, preprocessing):
    # A rising tone: AAC would decode noise as noise of its own, another at each start.
    seconds = np.arange(3 * 48_000) / 48_000
    wave = (8000 * np.sin(2 * np.pi * (300 + 200 * seconds) * seconds)).astype(np.int16)[None]
    for name, codec in (("s.mp4", "aac"), ("s.mp3", "libmp3lame"), ("s.opus", "libopus")):
        path = write_media(tmp_path / name, wave=wave, codecs=("", codec))
        whole = decode_sound(path, 0.0, None, preprocessing).wave
        part = decode_sound(path, 1500.0, 2000.0, preprocessing).wave
        np.testing.assert_allclose(part, whole[24_000:32_000], atol=1e-3, err_msg=name)


def test_no_sound_gives_none(tmp_path, write_media, preprocessing):
    path = write_media(tmp_path / "v.mp4", frames=10)
    assert decode_sound(path, 0.0, None, preprocessing) is None


def test_a_damaged_stretch_is_silent_and_the_clip_is_cut(tmp_path, write_media, preprocessing):
    wave = numbered(16_000) | np.int16(1)
    path = write_media(tmp_path / "s.mkv", wave=wave, wave_rate_hz=16_000)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    path.write_bytes(content)
    sound = decode_sound(path, 0.0, None, preprocessing)
    assert sound.cut
    assert 0 < np.count_nonzero(sound.wave == 0) < 8000
    same = sound.wave == (wave[0, : len(sound.wave)] / 32_768).astype(np.float32)
    assert same.mean() > 0.5


def test_the_model_s_rate_is_an_option(tmp_path, write_media):
    path = write_media(tmp_path / "s.flac", wave=numbered(16_000), wave_rate_hz=16_000)
    assert len(decode_sound(path, 0.0, None, Preprocessing(sample_rate_hz=8000)).wave) == 8000


@pytest.mark.parametrize(
    ("start_ms", "end_ms"),
    [(-1.0, 10.0), (20.0, 10.0), (10.0, 10.0), (float("nan"), 10.0), (0.0, float("nan"))],
)
def test_a_span_that_is_none_is_refused(tmp_path, write_media, preprocessing, start_ms, end_ms):
    path = write_media(tmp_path / "s.flac", wave=numbered(16_000), wave_rate_hz=16_000)
    with pytest.raises(MediaError, match="Span from"):
        decode_sound(path, start_ms, end_ms, preprocessing)
