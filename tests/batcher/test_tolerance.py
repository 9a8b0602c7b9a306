"""How many masks a tolerance takes: the choice of the next step, and explanations that grow."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from batcher.designs import draw_nested, modality_seed
from batcher.effort import Effort
from batcher.explain import explain_clip
from batcher.grid import Grid
from batcher.options import Options
from batcher.store.rows import attributions, contributions, explained_segment
from batcher.tolerance import Growth, neediest, pilot_masks, towards_reliable
from media.modality import MODALITIES

EACH = Effort(0.0, 1.0)
"""As much for every mask."""
STEPS = (48, 72, 108)
"""Of a modality of 16 players: a pilot of 3 n, and half as many again at each step."""


@pytest.mark.parametrize(
    ("n", "masks", "max_masks", "pilot"),
    [
        (0, "auto", 512, 1),
        (3, "auto", 512, 8),  # all of them
        (8, "auto", 512, 32),
        (13, "auto", 512, 40),  # 3 n, even
        (16, "auto", 512, 48),
        (16, "auto", 40, 40),
        (16, 36, 512, 36),  # what is asked for, fewer though they are
        (16, 100, 512, 100),
        (400, "auto", 512, 512),
    ],
)
def test_a_pilot_is_large_enough_for_its_errors_to_be_trusted(n, masks, max_masks, pilot):
    assert pilot_masks(n, masks=masks, max_masks=max_masks) == pilot


def next_step(**changes):
    given = {
        "variances": {"text": 1.0, "audio": 1.0, "video": 1.0},
        "players": {"text": 16, "audio": 12, "video": 16},
        "masks": {"text": 48, "audio": 36, "video": 48},
        "efforts": dict.fromkeys(MODALITIES, EACH),
        "max_masks": 512,
        "target": 0.5,
    }
    return neediest(**(given | changes))


def test_the_modality_with_most_variance_gets_half_as_many_masks_again():
    assert next_step(variances={"text": 1.0, "audio": 1.0, "video": 3.0}) == Growth("video", 72)
    assert next_step(variances={"text": 3.0, "audio": 1.0, "video": 1.0}) == Growth("text", 72)
    assert next_step(variances={"text": 0.0, "audio": 0.1, "video": 0.0}) == Growth("audio", 54)


@pytest.mark.parametrize(("target", "step"), [(0.9, None), (1.1, Growth("audio", 54))])
def test_nothing_grows_where_what_cannot_grow_keeps_the_target_out_of_reach(target, step):
    masks = {"text": 512, "audio": 36, "video": 48}
    variances = {"text": 1.0, "audio": 3.0, "video": 1.0}
    assert next_step(masks=masks, variances=variances, target=target) == step


@pytest.mark.parametrize(
    ("text", "winner"),
    [
        (Effort(0.0, 1.9), "text"),
        (Effort(0.0, 2.1), "video"),
        (Effort(21.0, 1.0), "text"),  # of 24 masks
        (Effort(25.0, 1.0), "video"),
    ],
)
def test_variance_counts_by_the_work_that_it_takes(text, winner):
    variances = {"text": 2.0, "audio": 0.0, "video": 1.0}
    found = next_step(variances=variances, efforts={"text": text, "audio": EACH, "video": EACH})
    assert found == Growth(winner, 72)


def test_what_a_step_takes_off_counts_and_not_what_is_there():
    # Both have as much variance and cost, but a step of many masks takes as much off as one of few.
    masks = {"text": 96, "audio": 36, "video": 48}
    variances = {"text": 1.0, "audio": 0.0, "video": 1.0}
    assert next_step(masks=masks, variances=variances) == Growth("video", 72)


def test_the_last_step_is_cut_to_what_there_is_and_what_is_allowed():
    only = {"variances": {"text": 1.0}, "efforts": {"text": EACH}}
    assert next_step(players={"text": 6}, masks={"text": 48}, **only) == Growth("text", 64)
    assert next_step(players={"text": 16}, masks={"text": 48}, max_masks=61, **only) == Growth("text", 60)


def test_where_nothing_would_help_there_is_no_step():
    only = {"variances": {"text": 1.0}, "efforts": {"text": EACH}}
    assert next_step(players={"text": 6}, masks={"text": 64}, **only) is None  # all masks
    assert next_step(players={"text": 16}, masks={"text": 48}, max_masks=48, **only) is None
    assert next_step(variances=dict.fromkeys(MODALITIES, 0.0)) is None
    assert next_step(players={}, masks={}, variances={}, efforts={}) is None


class MadeUp:
    """A backend whose logits are a smooth random function of the sub-masks, cheap to grow."""

    folder = Path()

    def __init__(self, artefact, *, strength=None, flat=False):
        self.artefact = artefact
        self.strength = {"text": 1.0, "audio": 1.0, "video": 1.0} | (strength or {})
        self.flat = flat
        self.asked = {}
        """Of each modality, the sub-masks of each step."""

    def grow(self, clip):
        self.asked = {m: [] for m in clip}
        return self

    def extend(self, modality, keep):
        self.asked[modality].append(keep)

    def grid(self):
        parts = [self._inner(place, m) for place, m in enumerate(MODALITIES)]
        inner = parts[0][:, None, None] + parts[1][:, None] + parts[2]
        outer = np.random.default_rng(9).normal(size=(inner.shape[-1], len(self.artefact.labels)))
        logits = np.tanh(inner) @ outer * (0.0 if self.flat else 1.0)
        return Grid(logits.astype(np.float32), 0.0, 0.0, 0)

    def _inner(self, place, modality):
        if modality not in self.asked:
            return np.zeros((1, 20))
        keep = np.concatenate(self.asked[modality])
        weights = np.random.default_rng(place).normal(size=(keep.shape[1], 20))
        return self.strength[modality] * keep @ weights / math.sqrt(keep.shape[1])


@pytest.fixture
def made_up(artefact):
    return lambda **given: MadeUp(artefact, **given)


def run(clip, backend, **options):
    return explain_clip(clip, "s", backend, Options(**options))


def half_width(explanation):
    """In percentage points, of the predicted class."""
    return 100 * explanation.shares[explanation.explained.index(explanation.predicted)].half_width


def test_masks_grow_until_the_tolerance_is_reached(clip, made_up):
    found = [run(clip, made_up(), tolerance=tolerance) for tolerance in (50.0, 4.0, 2.0, 1.0)]
    for explanation, tolerance in zip(found, (50.0, 4.0, 2.0, 1.0), strict=True):
        assert explanation.converged
        assert explanation.reliable
        assert half_width(explanation) <= tolerance
    assert found[0].masks == {"text": 40, "audio": 2, "video": 48}  # the pilot's
    passes = [sum(explanation.masks.values()) for explanation in found]
    assert passes == sorted(passes)
    assert passes[-1] > passes[0]


def test_the_shares_that_are_found_are_those_of_many_masks(clip, made_up):
    rough, fine = run(clip, made_up(), tolerance=2.0), run(clip, made_up(), tolerance=0.5, max_masks=256)
    assert sum(fine.masks.values()) > 1.5 * sum(rough.masks.values())
    (a,), (b,) = rough.shares, fine.shares
    assert np.all(np.abs(a.corrected - b.corrected) < 0.03)


def test_a_tolerance_out_of_reach_ends_once_a_modality_has_the_most_masks_and_is_no_success(clip, made_up):
    explanation = run(clip, made_up(), tolerance=1e-6, max_masks=81)
    assert max(explanation.masks.values()) == 80
    assert explanation.masks["audio"] == 2
    assert not explanation.converged
    assert explanation.reliable
    assert half_width(explanation) > 1e-6


def test_too_few_masks_to_trust_their_errors_are_no_success(clip, made_up):
    explanation = run(clip, made_up(), tolerance=50.0, max_masks=38)
    assert half_width(explanation) <= 50.0
    assert explanation.masks == {"text": 38, "audio": 2, "video": 38}
    assert explanation.reliable is False
    assert not explanation.converged


def test_all_masks_of_a_clip_are_exact_and_need_no_growth(clip, made_up):
    small = replace(clip, text=None, video=None)
    explanation = run(small, made_up(), tolerance=1e-6)
    assert explanation.masks == {"text": 0, "audio": 2, "video": 0}
    assert explanation.converged
    assert half_width(explanation) == 0


def test_where_nothing_matters_nothing_grows(clip, made_up):
    explanation = run(clip, made_up(flat=True), tolerance=0.1)
    assert explanation.masks == {"text": 40, "audio": 2, "video": 48}
    assert np.isnan(explanation.shares[0].plain).all()
    assert explanation.converged


def test_the_modality_that_matters_gets_the_masks(clip, made_up):
    backend = made_up(strength={"text": 0.02, "video": 1.5})
    explanation = run(clip, backend, tolerance=3.0)
    assert explanation.converged
    assert explanation.masks["text"] == 40
    assert explanation.masks["video"] > 48


def test_steps_are_nested_drawn_from_the_segments_seed_and_encoded_once(clip, made_up):
    backend = made_up()
    explanation = run(clip, backend, tolerance=0.2)
    for modality in ("text", "video"):
        sizes = np.cumsum([len(keep) for keep in backend.asked[modality]]).tolist()
        every = np.concatenate(backend.asked[modality])
        assert len(sizes) >= 3
        assert sizes[-1] == explanation.masks[modality] == len(np.unique(every, axis=0))
        expected = draw_nested(every.shape[1], tuple(sizes), modality_seed(0, "s", modality))
        np.testing.assert_array_equal(every, expected)
    assert np.cumsum([len(keep) for keep in backend.asked["video"]]).tolist()[: len(STEPS)] == list(STEPS)


def test_a_finer_tolerance_begins_with_the_masks_of_a_rougher_one(clip, made_up):
    rough, fine = made_up(), made_up()
    run(clip, rough, tolerance=4.0)
    run(clip, fine, tolerance=1.0)
    for modality, steps in rough.asked.items():
        for one, other in zip(steps, fine.asked[modality], strict=False):
            np.testing.assert_array_equal(one, other)


def test_a_second_run_finds_the_same(clip, made_up):
    one, other = (run(clip, made_up(), tolerance=1.0) for _ in range(2))
    assert one.masks == other.masks
    np.testing.assert_array_equal(one.estimate.phi, other.estimate.phi)
    np.testing.assert_array_equal(one.shares[0].low, other.shares[0].low)


def test_the_predicted_classs_shares_decide_whichever_classes_are_explained(clip, made_up):
    one = run(clip, made_up(), tolerance=1.0)
    every = run(clip, made_up(), tolerance=1.0, classes="all")
    assert one.masks == every.masks
    np.testing.assert_allclose(one.estimate.phi[:, 0], every.estimate.phi[:, every.predicted], atol=1e-12)


def test_without_standard_errors_there_is_no_success_and_no_growth(clip, made_up):
    explanation = run(clip, made_up(), tolerance=1.0, estimator="grid-kernelshap", max_masks=8)
    assert explanation.estimate.se is None  # 8 masks span neither the 13 tokens nor the 16 cells
    assert explanation.masks == {"text": 8, "audio": 2, "video": 8}
    assert not explanation.converged
    assert explanation.reliable is None


def next_to_trust(masks, max_masks=512):
    return towards_reliable(players={"text": 30, "audio": 4, "video": 16}, masks=masks, max_masks=max_masks)


def test_modalities_with_too_few_masks_to_trust_grow_first():
    assert next_to_trust({"text": 64, "audio": 16, "video": 36}) == Growth("text", 96)
    assert next_to_trust({"text": 96, "audio": 16, "video": 36}) == Growth("video", 54)
    assert next_to_trust({"text": 96, "audio": 16, "video": 54}) is None


def test_nothing_grows_where_a_modality_can_never_have_enough_to_be_trusted(clip, made_up):
    assert next_to_trust({"text": 64, "audio": 16, "video": 36}, max_masks=88) is None
    explanation = run(clip, made_up(), tolerance=1e-6, masks=36, max_masks=38)
    assert explanation.masks["video"] == 36
    assert not explanation.converged


def test_the_models_own_grid_grows_and_its_rows_say_how_sure_they_are(segment, clip, backend):
    options = Options(tolerance=1.0, max_masks=128, seed=1)
    explanation = explain_clip(clip, "s", backend, options)
    again = explain_clip(clip, "s", backend, options)
    assert explanation.converged
    assert half_width(explanation) <= 1.0
    np.testing.assert_array_equal(explanation.estimate.phi, again.estimate.phi)
    labels = backend.artefact.labels
    row = explained_segment(segment, clip, explanation, backend.artefact, options.estimator)
    assert row["reliable"] is True
    assert row["converged"] is True
    assert row["encoder_passes"] == sum(explanation.masks.values())
    (sums,) = contributions("s", explanation, labels)
    assert sum(sums[f"share_{m}"] for m in MODALITIES) == pytest.approx(1)
    for m in MODALITIES:
        assert sums[f"share_{m}_low"] <= sums[f"share_{m}"] <= sums[f"share_{m}_high"]
        assert sums[f"share_{m}_high"] - sums[f"share_{m}_low"] <= 0.02
        assert 0 < sums[f"se_{m}"] < 0.1
    assert all(attribution["se"] >= 0 for attribution in attributions("s", explanation, labels))
