import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.designs import enough, mask_budget, reliable
from batcher.effort import grid_effort
from batcher.grid.maskable import Divided
from batcher.options import Options
from batcher.planner import PART, PART_ERROR, Plan, plan
from export.work import Work

unhurried = settings(deadline=None)  # a busy machine is no failure

PUBLISHED = Work(token=6e8, sample=6.7e5, table=3.8e9, picture=8.9e6, frame=1.6e6, pair=9.4e6, point=6.4e6)


def clip(tokens, seconds):
    """A sentence: tokens that are players and two that aren't, sound, and 25 frames a second in 16 cells."""
    frames = max(1, round(25 * seconds))
    cells = np.tile(np.arange(16).reshape(4, 4), (frames, 1, 1))
    content = {
        "text": Divided(np.zeros(tokens + 2), np.arange(tokens + 2)),
        "audio": Divided(np.zeros(round(16_000 * seconds)), np.zeros(0, np.int64)),
        "video": Divided(np.zeros(frames), cells),
    }
    return {"text": tokens, "audio": max(1, round(2 * seconds)), "video": 16}, content


WHOLE = Options(grid_points="all")


def masks_of(tokens=20, seconds=3.5, work=PUBLISHED, max_masks=512):
    """Of a plan for whole grids."""
    return plan(*clip(tokens, seconds), replace(WHOLE, max_masks=max_masks), work).masks


def usual(tokens=20, seconds=3.5, max_masks=512):
    players, _ = clip(tokens, seconds)
    return {m: mask_budget(n, masks="auto", max_masks=max_masks) for m, n in players.items()}


def squared_error(players, masks):
    return sum((n / masks[m]) ** 2 * (1 - masks[m] / 2.0**n) for m, n in players.items())


def total_work(work, content, masks):
    T, A, V = (masks[m] for m in ("text", "audio", "video"))
    passes = T * work.token * len(content["text"].clip) + A * work.sample * len(content["audio"].clip)
    passes += V * (work.picture + work.frame) * len(content["video"].clip)
    return passes + work.pair * (T * A + T * V + A * V) + work.point * T * A * V


def test_sound_is_dear_and_the_picture_nearly_free():
    found, before = masks_of(), usual()
    assert 0.75 * before["audio"] <= found["audio"] < before["audio"]
    assert found["video"] > before["video"]


def test_what_gets_dearer_gets_fewer_masks():
    dear = masks_of(work=replace(PUBLISHED, token=100 * PUBLISHED.token))
    assert dear["text"] < masks_of()["text"]
    assert dear["text"] >= 0.75 * usual()["text"]


@unhurried
@given(
    tokens=st.integers(1, 120),
    seconds=st.floats(0.1, 9.3),
    weights=st.lists(st.floats(0.0, 1e3), min_size=7, max_size=7),
    max_masks=st.integers(2, 600),
    points=st.sampled_from(["auto", "all"]),
)
def test_a_plan_takes_no_more_work_than_the_usual_masks_for_no_more_error(tokens, seconds, weights, max_masks, points):
    players, content = clip(tokens, seconds)
    scale = vars(PUBLISHED).values()
    work = Work(*(weight * value for weight, value in zip(weights, scale, strict=True)))
    planned, before = (
        plan(players, content, Options(max_masks=max_masks, grid_points=points), work),
        usual(tokens, seconds, max_masks),
    )
    found, inflation = planned.masks, PART_ERROR if planned.part else 1
    assert inflation * squared_error(players, found) <= squared_error(players, before) * (1 + 1e-6)
    assert grid_effort(work, content, found, planned.points) <= grid_effort(
        work, content, before, math.prod(before.values())
    ) * (1 + 1e-6)
    for m, n in players.items():
        assert found[m] == 1 << n or found[m] % 2 == 0
        assert found[m] <= min(1 << n, max_masks)
        assert found[m] == before[m] or (enough(n, found[m]) and reliable(n, found[m]))


def test_no_plan_on_its_steps_takes_less_work_for_that_error():
    players, content = clip(20, 3.5)
    allowed, best = squared_error(players, usual()), total_work(PUBLISHED, content, masks_of())
    for T in range(64, 161, 16):
        for A in range(48, 128, 16):
            for V in range(48, 129, 16):
                masks = {"text": T, "audio": A, "video": V}
                if squared_error(players, masks) <= allowed:
                    assert total_work(PUBLISHED, content, masks) >= best * (1 - 1e-3)


def test_a_modality_alone_has_its_usual_masks_at_most():
    content = {"text": Divided(np.zeros(22), np.arange(22))}
    assert plan({"text": 20}, content, WHOLE, PUBLISHED) == Plan({"text": 80})


def test_all_masks_of_few_players_are_no_choice():
    assert masks_of(tokens=4, seconds=1.0) == {"text": 16, "audio": 4, "video": 64}


@pytest.mark.parametrize("max_masks", [2, 30, 31])
def test_what_is_allowed_is_all_there_is_where_it_is_too_little(max_masks):
    assert masks_of(max_masks=max_masks) == usual(max_masks=max_masks)


def test_where_the_head_takes_most_it_sees_a_part_of_the_grid():
    players, content = clip(20, 3.5)
    found, whole = plan(players, content, Options(), PUBLISHED), plan(players, content, WHOLE, PUBLISHED)
    assert whole.part is None
    assert found.part is not None
    assert found.points == found.part.points <= PART * math.prod(found.masks.values())
    assert found.part.masks == tuple(found.masks.values())
    assert PART_ERROR * squared_error(players, found.masks) <= squared_error(players, usual()) * (1 + 1e-6)
    assert grid_effort(PUBLISHED, content, found.masks, found.points) < 0.9 * grid_effort(
        PUBLISHED, content, whole.masks, whole.points
    )


def test_a_head_that_takes_nothing_sees_the_whole_grid():
    assert plan(*clip(20, 3.5), Options(), replace(PUBLISHED, point=0.0)).part is None


@pytest.mark.parametrize(
    ("options", "points"),
    [
        (Options(masks=64), 64**3),
        (Options(masks=64, grid_points="all"), 64**3),
        (Options(masks=64, grid_points=64**3), 64**3),
        (Options(masks=64, grid_points=41_000), 40_960),
        (Options(masks=64, estimator="chains"), 64**3),
    ],
)
def test_what_the_options_name_is_no_choice(options, points):
    found = plan(*clip(20, 3.5), options, PUBLISHED)
    assert found.masks == {"text": 64, "audio": 64, "video": 64}
    assert found.points == points


@pytest.mark.parametrize("points", [60_000, 150_000])
def test_points_that_are_named_are_those_of_the_usual_masks(points):
    found = plan(*clip(20, 3.5), Options(grid_points=points), PUBLISHED)
    assert found.masks == usual()
    assert found.points <= points


@pytest.mark.parametrize("estimator", ["grid-kernelshap", "chains"])
def test_an_estimator_without_the_interpolations_law_gets_the_usual_masks(estimator):
    assert plan(*clip(20, 3.5), Options(estimator=estimator), PUBLISHED) == Plan(usual())


def test_a_modality_that_has_all_its_masks_keeps_them():
    assert masks_of(seconds=3.0)["audio"] == 64


@pytest.mark.parametrize("max_masks", [30, 48, 64])
def test_where_no_more_masks_are_allowed_the_whole_grid_makes_the_most_of_them(max_masks):
    assert plan(*clip(40, 8.0), Options(max_masks=max_masks), PUBLISHED) == Plan(usual(40, 8.0, max_masks))
