import numpy as np
import pytest

from report.pictures.sound import draw_sound

SPANS = np.array([[1000.0, 1400.0], [1400.0, 1410.0], [1410.0, 2000.0]])


def drawn(wave=None, phi=(0.1, -0.2, 0.3), se=None, **options):
    options = {"title": "t", "unit": "probability"} | options
    return draw_sound(wave, (1000.0, 2000.0), SPANS, np.array(phi), se, **options).axes


def test_waveform_and_values_share_an_axis_of_time():
    above, below = drawn(np.sin(np.arange(16_000, dtype=np.float32)))
    assert above.get_xlim() == below.get_xlim() == (1000, 2000)
    outline = above.collections[0].get_paths()[0].vertices
    assert (outline[:, 0].min(), outline[:, 0].max()) == pytest.approx((1000, 2000))
    assert np.abs(outline[:, 1]).max() == pytest.approx(1, abs=1e-3)


def test_a_sound_that_cannot_be_read_is_said_to_be():
    above, below = drawn()
    assert [text.get_text() for text in above.texts] == ["the sound can't be read"]
    assert len(below.patches) == 3


def test_bars_and_whiskers_lie_inside_of_the_axis():
    low, high = drawn(phi=(-0.1, -0.2, -0.3), se=np.full(3, 0.1))[1].get_ylim()
    assert low < -0.3 - 0.196
    assert 0.096 < high < 0.2


def test_words_stand_above_their_bars_where_they_have_room():
    texts = drawn(names=["$5", "tiny", None])[1].texts
    assert [(text.get_text(), text.get_position()[0], text.get_parse_math()) for text in texts] == [("$5", 1200, False)]
