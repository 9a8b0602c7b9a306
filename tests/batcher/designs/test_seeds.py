import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.designs import modality_seed

unhurried = settings(deadline=None)  # a busy machine is no failure


def test_seeds_differ_by_each_argument():
    keys = [(0, "ab", "text"), (1, "ab", "text"), (0, "ac", "text"), (0, "ab", "audio"), (0, "abtext", "")]
    assert len({modality_seed(*key) for key in keys}) == len(keys)


@unhurried
@given(st.integers(), st.text(), st.sampled_from(["text", "audio", "video"]))
def test_seeds_serve_numpy_and_a_signed_column(seed, segment_id, modality):
    drawn = modality_seed(seed, segment_id, modality)
    assert 0 <= drawn < 2**63
    np.random.default_rng(drawn)


def test_seeds_never_change():
    # What lies on disk was drawn with this seed, so that a resumed run must draw it again.
    assert modality_seed(3, "segmént 7", "audio") == 8453812602797054871
