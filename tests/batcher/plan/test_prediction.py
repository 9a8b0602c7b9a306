from dataclasses import replace

import pytest

from batcher.options import Options
from batcher.plan.prediction import predicted
from batcher.plan.size import Size
from export.work import Work

WORK = Work(token=6e8, sample=6.7e5, table=3.8e9, picture=8.9e6, frame=1.6e6, pair=9.4e6, point=6.4e6)
MASKS = Options(masks=64)
"""For each modality: 3.6 s are 7 half-seconds, which have 128 sub-masks."""


@pytest.fixture
def flop(artefact):
    published = replace(artefact, work=WORK)
    return lambda size, options: predicted(size, options, published).total_flop


def passes(size):
    video = WORK.table + 64 * (WORK.picture + WORK.frame)
    return 64 * (size.tokens * WORK.token + size.samples * WORK.sample) + size.frames * video


def test_a_clip_is_its_passes_its_pairs_and_its_grid(flop):
    size = Size(22, 57_600, 90)
    expected = passes(size) + 3 * 64**2 * WORK.pair + 64**3 * WORK.point
    assert flop(size, MASKS) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("size", [Size(22, 0, 0), Size(0, 57_600, 0), Size(0, 0, 90)])
def test_what_is_lacking_costs_nothing_and_has_one_row_of_the_grid(size, flop):
    assert flop(size, MASKS) == pytest.approx(passes(size) + 64 * WORK.point, rel=1e-4)


def test_masks_that_are_planned_take_less_than_the_usual_ones(flop):
    size = Size(22, 57_600, 90)
    assert flop(size, Options()) < 0.7 * flop(size, Options(masks=80))
