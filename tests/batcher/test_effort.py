import numpy as np
import pytest

from batcher.effort import Effort, effort, grid_effort, pass_effort
from batcher.grid.maskable import Divided
from export.work import Work

MADE_UP = Work(token=1e3, sample=1.0, table=1e6, picture=1e5, frame=1e4, pair=10.0, point=0.1)
MASKS = {"text": 20, "audio": 30, "video": 40}
CELLS = np.tile(np.arange(16).reshape(4, 4), (25, 1, 1))
GROUPS = np.broadcast_to(np.arange(25)[:, None, None] // 5, (25, 4, 4))


def divided(length, player=None):
    return Divided(np.zeros(length), np.zeros(length, np.int64) if player is None else player)


def test_a_mask_takes_its_pass_its_pairs_and_its_slab():
    assert effort(MADE_UP, "text", divided(12), MASKS) == Effort(0.0, pytest.approx(12e3 + 700 + 120))
    assert effort(MADE_UP, "audio", divided(48_000), MASKS) == Effort(0.0, pytest.approx(48e3 + 600 + 80))
    of_groups = effort(MADE_UP, "video", divided(25, GROUPS), MASKS)
    assert of_groups == Effort(0.0, pytest.approx(25e4 + 500 + 60))


def test_masks_of_the_picture_share_a_table_and_take_little_more_each():
    cells, groups = (effort(MADE_UP, "video", divided(25, player), MASKS) for player in (CELLS, GROUPS))
    assert cells.start == 25e6
    assert cells.each - groups.each == pytest.approx(25e5, rel=1e-2)
    assert cells.of(10) == cells.start + 10 * cells.each


def test_a_modality_that_the_clip_lacks_has_one_row():
    assert effort(MADE_UP, "text", divided(12), {"text": 20, "audio": 1, "video": 1}).each == pytest.approx(12e3 + 20.1)
    assert effort(MADE_UP, "text", divided(12), {"text": 20}).each == pytest.approx(12e3 + 0.1)


@pytest.mark.parametrize("modality", ["text", "audio", "video"])
def test_longer_clips_and_larger_grids_take_more(modality):
    def of(length, masks):
        return effort(MADE_UP, modality, divided(length, CELLS[:length] if modality == "video" else None), masks).each

    other = "audio" if modality == "video" else "video"
    assert of(11, MASKS) > of(10, MASKS)
    assert of(10, MASKS | {other: 41}) > of(10, MASKS)


def test_of_a_pass_alone_nothing_depends_on_the_others():
    found = [pass_effort(MADE_UP, "text", divided(12)), effort(MADE_UP, "text", divided(12), {"text": 5})]
    assert found == [Effort(0.0, 12e3), Effort(0.0, pytest.approx(12e3 + 0.1))]


def test_a_grid_takes_its_passes_its_pairs_and_the_points_that_are_seen():
    clip = {"text": divided(12), "audio": divided(48_000), "video": divided(25, CELLS)}
    passes = 20 * 12e3 + 30 * 48e3 + 40 * (25e4 + 25e5) + 25e6
    expected = passes + 10 * (20 * 30 + 20 * 40 + 30 * 40) + 0.1 * 500
    assert grid_effort(MADE_UP, clip, MASKS, 500) == pytest.approx(expected, rel=1e-2)
    more = {m: np.array([K, 2 * K]) for m, K in MASKS.items()}
    two = grid_effort(MADE_UP, clip, more, np.array([500, 700]))
    assert two[0] == grid_effort(MADE_UP, clip, MASKS, 500)
    assert two[1] == grid_effort(MADE_UP, clip, {m: 2 * K for m, K in MASKS.items()}, 700)
