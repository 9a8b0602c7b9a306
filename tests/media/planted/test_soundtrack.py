import numpy as np
import pytest

from media.planted.soundtrack import BEEP_SHARE, WIDE_OPEN, lay, talking

RATE_HZ = 48_000
SILENCE = np.zeros(0, np.float32)


def laid(seed, speech=SILENCE, lead_ms=0, length_ms=2000):
    return lay(np.random.default_rng(seed), speech, lead_ms, length_ms)


def test_the_sound_is_as_long_as_the_clip_and_never_too_loud():
    loud = np.ones(RATE_HZ, np.float32)
    for seed in range(20):
        wave = laid(seed, loud, 500, 2040)
        assert wave.shape == (48 * 2040,)
        assert wave.dtype == np.float32
        assert np.abs(wave).max() <= 1


def test_speech_begins_after_the_lead_and_is_but_scaled():
    speech = np.random.default_rng(0).uniform(-0.3, 0.3, 24_000).astype(np.float32)
    added = laid(1, speech, 300) - laid(1)
    at = slice(48 * 300, 48 * 300 + 24_000)
    gain = np.abs(added[at]).max() / np.abs(speech).max()
    assert 0.5 <= gain <= 1.5
    np.testing.assert_allclose(added[at], gain * speech, atol=1e-5)
    assert not np.delete(added, np.arange(at.start, at.stop)).any()


def test_the_room_is_the_same_for_any_speech_of_any_emotion():
    # What means nothing is drawn without knowing what is said, or how.
    one, other = (laid(2, np.full(9600, level, np.float32), 400) for level in (0.1, -0.2))
    np.testing.assert_array_equal(one[: 48 * 400], other[: 48 * 400])
    np.testing.assert_array_equal(one[48 * 600 :], other[48 * 600 :])


def test_rooms_differ_in_noise_hum_and_loudness():
    rooms = [laid(seed) for seed in range(20)]
    hums = [np.abs(np.fft.rfft(room))[100] for room in rooms]  # 2 s: 50 Hz is the 100th
    neighbours = [np.abs(np.fft.rfft(room))[[90, 110]].mean() for room in rooms]
    assert np.std(np.log(hums)) > 0.5
    assert np.mean(np.array(hums) > 10 * np.array(neighbours)) > 0.3
    assert np.std([np.log(np.abs(room).mean()) for room in rooms]) > 0.3


def test_some_rooms_beep_in_one_short_stretch():
    beeps = 0
    for seed in range(100):
        spectrum = np.abs(np.fft.rfft(laid(seed)))[200:5000]  # 100 to 2500 Hz
        beeps += spectrum.max() > 8 * np.median(spectrum)
    assert beeps / 100 == pytest.approx(BEEP_SHARE, abs=0.15)


def test_a_mouth_opens_with_the_sound_and_no_wider_than_it_can():
    levels = (0.0, WIDE_OPEN / 4, -WIDE_OPEN, 0.5)
    wave = np.concatenate([np.full(1920, level, np.float32) for level in levels])
    np.testing.assert_allclose(talking(wave, 25), [0, 0.25, 1, 1], atol=1e-6)
