from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batcher.plan.sample import deal, draw_strata

COSTS = st.lists(st.floats(0.01, 100), min_size=2, max_size=60).map(np.array)


@given(COSTS, st.integers(2, 40), st.integers(0, 9))
def test_strata_divide_the_collection_by_cost(predicted, clips, seed):
    strata = draw_strata(predicted, clips, seed)
    assert sorted(np.concatenate([stratum.clips for stratum in strata])) == list(range(len(predicted)))
    for lower, higher in pairwise(strata):
        assert predicted[lower.clips].max() <= predicted[higher.clips].min()


@given(COSTS, st.integers(2, 40), st.integers(0, 9))
def test_no_clip_is_drawn_twice_and_each_stratum_has_some(predicted, clips, seed):
    strata = draw_strata(predicted, clips, seed)
    drawn = [int(clip) for stratum in strata for clip in stratum.drawn]
    assert len(set(drawn)) == len(drawn) <= clips
    for stratum in strata:
        assert set(stratum.drawn) <= set(stratum.clips)
        assert len(stratum.drawn) >= min(2, len(stratum.clips))


@pytest.mark.parametrize("clips", [2, 5, 40, 43])
def test_as_many_clips_are_drawn_as_were_asked_for(clips):
    predicted = np.random.default_rng(0).lognormal(size=2000)
    strata = draw_strata(predicted, clips, 0)
    assert sum(len(stratum.drawn) for stratum in strata) == clips
    sums = [(predicted + 0.3 * predicted.mean())[stratum.clips].sum() for stratum in strata]
    assert max(sums) - min(sums) <= 2 * predicted.max()


@given(COSTS, st.integers(1, 5), st.integers(0, 9))
def test_workers_get_all_clips_and_end_within_a_clip_of_one_another(predicted, workers, seed):
    clips = list(range(len(predicted)))[::2]
    workers = min(workers, len(clips))
    parts = deal(predicted, clips, workers, seed)
    assert sorted(clip for part in parts for clip in part) == clips
    loads = [predicted[part].sum() for part in parts]
    assert min(map(len, parts)) > 0
    assert max(loads) - min(loads) <= predicted[clips].max() * (1 + 1e-9)
