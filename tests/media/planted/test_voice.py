from itertools import combinations

import numpy as np
import pytest
from scipy import signal

from media.planted.clip import LABELS
from media.planted.voice import FADE_MS, PROSODIES, VARIANTS, Prosody, colour, draw_emphasis, draw_voice

RATE_HZ = 22_050
FIRST, LAST = 4_000, 4_000 + RATE_HZ  # a second
FADE = RATE_HZ * FADE_MS // 1000
WITHIN = slice(FIRST + FADE, LAST - FADE)


@pytest.fixture(scope="module")
def noise():
    samples = np.random.default_rng(0).normal(size=LAST + 4_000)
    return (samples / np.abs(samples).max()).astype(np.float32)


def power(samples, low_hz, high_hz):
    spectrum = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    return spectrum[(low_hz <= hz) & (hz < high_hz)].sum()


def test_every_emotion_has_a_prosody_of_its_own():
    assert set(PROSODIES) == set(LABELS) - {"neutral"}
    assert all(one != other for one, other in combinations(PROSODIES.values(), 2))


def test_emphasis_is_slighter_than_any_emotion():
    rng = np.random.default_rng(0)
    for _ in range(300):
        prosody = draw_emphasis(rng)
        assert abs(prosody.pitch_percent) <= 10
        assert abs(prosody.rate_percent - 100) <= 8
        assert abs(prosody.gain - 1) <= 0.15
        assert (prosody.tremor_hz, prosody.drive, prosody.dull_hz) == (0, 0, 0)
    for prosody in PROSODIES.values():
        assert abs(prosody.pitch_percent) > 10 or prosody.drive


def test_the_splits_share_no_voice_and_use_all_of_theirs():
    assert not set(VARIANTS["train"]) & set(VARIANTS["test"])
    rng = np.random.default_rng(0)
    for split, variants in VARIANTS.items():
        assert {draw_voice(rng, split).variant for _ in range(1000)} == set(variants)


@pytest.mark.parametrize("label", PROSODIES)
def test_colour_leaves_what_is_outside_the_stretch_alone(noise, label):
    before = noise.copy()
    coloured = colour(noise, FIRST, LAST, PROSODIES[label], RATE_HZ)
    np.testing.assert_array_equal(noise, before)
    np.testing.assert_array_equal(coloured[:FIRST], noise[:FIRST])
    np.testing.assert_array_equal(coloured[LAST:], noise[LAST:])
    assert np.abs(coloured[WITHIN] - noise[WITHIN]).mean() > 0.01


@pytest.mark.parametrize("label", PROSODIES)
def test_a_changed_stretch_begins_and_ends_without_a_jump(label):
    # Of a constant, whatever steps is the change.
    constant = np.full(LAST + 4_000, 0.5, np.float32)
    coloured = colour(constant, FIRST, LAST, PROSODIES[label], RATE_HZ)
    assert np.abs(np.diff(coloured)).max() < 5 / FADE
    np.testing.assert_array_equal(coloured[[FIRST, LAST - 1]], constant[[FIRST, LAST - 1]])


def test_gain_is_a_factor_of_the_samples(noise):
    coloured = colour(noise, FIRST, LAST, Prosody(gain=0.7), RATE_HZ)
    np.testing.assert_allclose(coloured[WITHIN], 0.7 * noise[WITHIN], rtol=1e-5)


def test_a_dull_voice_has_lost_what_lies_above(noise):
    coloured = colour(noise, FIRST, LAST, Prosody(dull_hz=900), RATE_HZ)
    one, other = noise[WITHIN], coloured[WITHIN]
    assert power(other, 1800, RATE_HZ) < 0.005 * power(one, 1800, RATE_HZ)
    assert power(other, 20, 600) == pytest.approx(power(one, 20, 600), rel=0.05)


def test_a_thin_voice_has_lost_what_lies_below(noise):
    coloured = colour(noise, FIRST, LAST, Prosody(thin_hz=1400), RATE_HZ)
    one, other = noise[WITHIN], coloured[WITHIN]
    assert power(other, 0, 700) < 0.005 * power(one, 0, 700)
    assert power(other, 2100, RATE_HZ) == pytest.approx(power(one, 2100, RATE_HZ), rel=0.05)


@pytest.mark.parametrize("tremor_hz", [6, 14, 38])
def test_a_trembling_voice_has_its_loudness_vary_at_that_rate(tremor_hz):
    tone = np.sin(2 * np.pi * 1500 * np.arange(LAST + 4_000) / RATE_HZ).astype(np.float32)
    coloured = colour(tone, FIRST, LAST, Prosody(tremor_hz=tremor_hz), RATE_HZ)
    envelope = np.abs(signal.hilbert(coloured[FIRST:LAST].astype(float)))[FADE:-FADE]
    assert np.percentile(envelope, 5) < 0.2
    assert np.percentile(envelope, 95) > 0.9
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean(), 10 * RATE_HZ))
    assert spectrum.argmax() / 10 == pytest.approx(tremor_hz, abs=0.5)


def test_a_harsh_voice_spends_more_time_near_its_peak_which_stays(noise):
    coloured = colour(noise, FIRST, LAST, Prosody(drive=9), RATE_HZ)
    one, other = (np.abs(samples[WITHIN]) for samples in (noise, coloured))
    assert other.max() == pytest.approx(one.max(), rel=0.01)
    near_peak = [(samples > 0.9 * samples.max()).mean() for samples in (one, other)]
    assert near_peak[0] < 0.01
    assert near_peak[1] > 0.3
