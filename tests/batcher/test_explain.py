"""Explanations of clips small enough to enumerate, on the artefact's graphs."""

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from scipy.special import expit
from scipy.special import softmax as scipys_softmax

from batcher.explain import explain_clip
from batcher.options import Options, check_options
from media import MediaError, Video, from_ids

EXACT = Options(estimator="exact", video_players="time", classes="all")
CHEAP = Options(masks=8, max_masks=8, video_players="time")


class Recording:
    """A backend that keeps what it is asked, and what it answers."""

    def __init__(self, backend):
        self.backend, self.artefact, self.folder = backend, backend.artefact, backend.folder
        self.asked, self.graphs = [], []

    def grid(self, inputs):
        inner = replace(self.backend)
        inner.run = lambda graph, /, **given: self.graphs.append(graph) or self.backend.run(graph, **given)
        found = inner.grid(inputs)
        self.asked.append((inputs, found))
        return found


@pytest.fixture
def recording(backend):
    return Recording(backend)


@pytest.fixture
def cut(clip, artefact):
    """The demo's clip with so many tokens, and as many frames as wanted; one sound player."""

    def build(tokens, frames):
        ids = [int(i) for i in clip.text.ids[1:-1][:tokens]]
        text = from_ids(ids, artefact.tokens, artefact.preprocessing.max_tokens)
        video = Video(clip.video.frames[:frames], clip.video.times_ms[: frames + 1], cut=False)
        return replace(clip, text=text, video=video)

    return build


def names(explanation):
    return [(player.modality, player.index) for player in explanation.players]


def shapley_by_orders(players, value):
    """The mean over all orders of what a player adds to those before it (Shapley 1953)."""
    phi = dict.fromkeys(players, 0.0)
    orders = list(permutations(players))
    for order in orders:
        for i, player in enumerate(order):
            phi[player] += (value[frozenset(order[: i + 1])] - value[frozenset(order[:i])]) / len(orders)
    return np.array([phi[player] for player in players])


def test_exact_equals_enumeration_of_the_whole_model(cut, backend, whole_model):
    clip = cut(tokens=3, frames=2)
    explanation = explain_clip(clip, "s", backend, EXACT)
    players = names(explanation)
    assert players == [("text", 0), ("text", 1), ("text", 2), ("audio", 0), ("video", 0), ("video", 1)]
    subsets = [frozenset(some) for size in range(7) for some in combinations(players, size)]
    value = {some: whole_model.masked(clip, some) for some in subsets}
    np.testing.assert_allclose(explanation.p_none, value[frozenset()], atol=1e-6)
    np.testing.assert_allclose(explanation.p_all, value[frozenset(players)], atol=1e-6)
    np.testing.assert_allclose(explanation.estimate.phi, shapley_by_orders(players, value), atol=1e-6)
    assert np.abs(explanation.estimate.phi).max() > 1e-3  # there was something to find


def test_values_behind_exact_are_the_whole_models(cut, recording, whole_model):
    clip = cut(tokens=9, frames=4)
    explanation = explain_clip(clip, "s", recording, EXACT)
    ((inputs, grid),) = recording.asked
    assert len(explanation.players) == 14
    assert grid.logits.shape == (2**9, 2, 2**4, 7)
    powers = np.exp(grid.logits.astype(float))
    probabilities = powers / powers.sum(axis=-1, keepdims=True)
    rng = np.random.default_rng(0)
    for _ in range(12):
        point = {m: int(rng.integers(len(inputs[m].keep))) for m in inputs}
        coalition = {(m, int(i)) for m, k in point.items() for i in np.flatnonzero(inputs[m].keep[k])}
        expected = whole_model.masked(clip, coalition)
        np.testing.assert_allclose(probabilities[tuple(point.values())], expected, atol=1e-6)


@pytest.mark.parametrize("estimator", ["exact", "grid-interpolation", "grid-kernelshap", "chains"])
def test_values_add_up_to_what_all_players_change(cut, backend, estimator):
    explanation = explain_clip(cut(tokens=8, frames=4), "s", backend, replace(EXACT, estimator=estimator))
    gap = explanation.estimate.phi.sum(axis=0) - (explanation.p_all - explanation.p_none)
    assert np.abs(gap).max() <= 1e-6


@pytest.mark.parametrize(("masks", "most_error"), [(32, 0.12), (64, 0.05), (128, 0.025)])
def test_the_grid_estimate_nears_the_exact_values_as_masks_grow(cut, backend, masks, most_error):
    clip = cut(tokens=9, frames=6)
    truth = explain_clip(clip, "s", backend, EXACT).estimate.phi
    sampled = Options(masks=masks, video_players="time", classes="all")
    errors = [
        np.linalg.norm(explain_clip(clip, "s", backend, replace(sampled, seed=seed)).estimate.phi - truth)
        for seed in range(5)
    ]
    assert np.mean(errors) / np.linalg.norm(truth) < most_error


@pytest.mark.parametrize("estimator", ["exact", "grid-interpolation", "grid-interpolation-ard"])
def test_the_predicted_class_is_explained_as_among_all(cut, backend, estimator):
    clip = cut(tokens=6, frames=3)
    options = replace(EXACT, estimator=estimator, masks=20)
    every = explain_clip(clip, "s", backend, options)
    one = explain_clip(clip, "s", backend, replace(options, classes="predicted"))
    assert every.explained == tuple(range(7))
    assert one.explained == (every.predicted,) == (int(np.argmax(every.p_all)),)
    np.testing.assert_allclose(one.estimate.phi[:, 0], every.estimate.phi[:, every.predicted], atol=1e-15)
    np.testing.assert_array_equal(one.shares[0].low, every.shares[every.predicted].low)


@pytest.mark.parametrize("missing", ["text", "sound", "video"])
def test_a_modality_that_a_clip_lacks_has_no_players_and_no_encoder_runs(cut, recording, whole_model, missing):
    clip = replace(cut(tokens=3, frames=2), **{missing: None})
    modality = "audio" if missing == "sound" else missing
    explanation = explain_clip(clip, "s", recording, EXACT)
    assert modality not in {player.modality for player in explanation.players}
    assert explanation.masks == {"text": 8, "audio": 2, "video": 4} | {modality: 0}
    assert not [g for g in recording.graphs if g.startswith(modality)]
    everyone = set(names(explanation))
    np.testing.assert_allclose(explanation.p_all, whole_model.masked(clip, everyone), atol=1e-6)
    np.testing.assert_allclose(explanation.p_none, whole_model.masked(clip, set()), atol=1e-6)


def test_a_model_ignores_what_it_cant_see(clip, fake_backend):
    backend = fake_backend(modalities=("audio",))
    explanation = explain_clip(clip, "s", backend, CHEAP)
    assert set(backend.asked[0]) == {player.modality for player in explanation.players} == {"audio"}


def test_a_clip_with_nothing_that_the_model_sees_is_refused(clip, fake_backend):
    backend = fake_backend(modalities=("audio", "video"))
    words = replace(clip, sound=None, video=None)
    with pytest.raises(MediaError, match="the segment has text, the model sees audio, video"):
        explain_clip(words, "s", backend, CHEAP)
    assert not backend.asked


def test_exact_refuses_too_many_players_before_anything_is_encoded(clip, fake_backend):
    backend = fake_backend()
    with pytest.raises(ValueError, match="24 players and 'exact' takes at most 16"):
        explain_clip(clip, "s", backend, replace(EXACT, video_players="time"))
    assert not backend.asked


def designs(backend):
    return [{m: masked.keep.tobytes() for m, masked in inputs.items()} for inputs in backend.asked]


def test_sub_masks_depend_on_the_segment_and_the_seed_alone(clip, fake_backend):
    options = Options(masks=32, video_players="space")
    forth, back, other = fake_backend(), fake_backend(), fake_backend()
    for name in ("a", "b", "c"):
        explain_clip(clip, name, forth, options)
    for name in ("c", "a", "b"):
        explain_clip(clip, name, back, options)
    explain_clip(clip, "a", other, replace(options, seed=1))
    a, b, c = designs(forth)
    assert designs(back) == [c, a, b]
    assert len({design["text"] for design in (a, b, c, *designs(other))}) == 4
    assert len({design["video"] for design in (a, b, c, *designs(other))}) == 4


@pytest.mark.parametrize(
    ("options", "masks", "converged"),
    [
        (Options(), {"text": 64, "audio": 2, "video": 64}, True),
        (Options(masks=2), {"text": 30, "audio": 2, "video": 36}, True),
        (Options(max_masks=36), {"text": 36, "audio": 2, "video": 36}, True),
        (Options(max_masks=34), {"text": 34, "audio": 2, "video": 34}, False),
        (Options(max_masks=8), {"text": 8, "audio": 2, "video": 8}, False),
    ],
)
def test_too_few_masks_are_admitted(clip, fake_backend, options, masks, converged):
    options = replace(options, grid_points="all")
    explanation = explain_clip(clip, "s", fake_backend(), options)  # 13 words, 1 half-second, 16 cells
    assert explanation.masks == masks
    assert explanation.converged is converged


def test_masks_that_span_by_luck_are_still_too_few(clip, fake_backend):
    options = Options(max_masks=34, estimator="grid-kernelshap")
    tried = [explain_clip(clip, "s", fake_backend(), replace(options, seed=seed)) for seed in range(3)]
    assert not any(explanation.estimate.diagnostics["rank_deficiency"] for explanation in tried)
    assert not any(explanation.converged for explanation in tried)


def test_probabilities_survive_large_logits(clip, fake_backend):
    backend = fake_backend()
    grid = backend.grid
    backend.grid = lambda inputs: replace(grid(inputs), logits=grid(inputs).logits * 1e4)
    explanation = explain_clip(clip, "s", backend, CHEAP)
    assert explanation.p_all.sum() == pytest.approx(1)
    assert np.isfinite(explanation.estimate.phi).all()


HEADS = {
    "softmax": (("joy", "anger", "fear"), lambda logits: scipys_softmax(logits.astype(float), axis=-1)),
    "score": (("sentiment",), lambda logits: logits),
    "binary": (("joy", "anger"), lambda logits: expit(logits[..., 1::2].astype(float) - logits[..., 0::2])),
}


@pytest.mark.parametrize("head", HEADS)
def test_what_is_explained_follows_the_head(clip, fake_backend, head):
    labels, value = HEADS[head]
    recording = Recording(fake_backend(head=head, labels=labels))
    explanation = explain_clip(clip, "s", recording, replace(CHEAP, classes="all"))
    ((inputs, grid),) = recording.asked
    everything = tuple(int(inputs[m].keep.sum(axis=1).argmax()) for m in ("text", "audio", "video"))
    nothing = tuple(int(inputs[m].keep.sum(axis=1).argmin()) for m in ("text", "audio", "video"))
    np.testing.assert_allclose(explanation.p_all, value(grid.logits[everything]), rtol=1e-12)
    np.testing.assert_allclose(explanation.p_none, value(grid.logits[nothing]), rtol=1e-12)
    assert explanation.explained == tuple(range(len(labels)))
    gap = explanation.estimate.phi.sum(axis=0) - (explanation.p_all - explanation.p_none)
    assert np.abs(gap).max() <= 1e-9


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_score_is_explained_on_its_own_scale(clip, fake_backend, sign):
    backend = fake_backend(head="score", labels=("sentiment",))
    explanation = explain_clip(clip, "s", backend, CHEAP)
    scaled = fake_backend(head="score", labels=("sentiment",))
    grid = scaled.grid
    scaled.grid = lambda inputs: replace(grid(inputs), logits=grid(inputs).logits * np.float32(sign * 64))
    other = explain_clip(clip, "s", scaled, CHEAP)
    assert other.explained == explanation.explained == (0,)
    np.testing.assert_allclose(other.estimate.phi, sign * 64 * explanation.estimate.phi, rtol=1e-9, atol=1e-9)


def test_of_a_binary_head_the_emotion_with_the_surest_yes_is_predicted(clip, fake_backend):
    backend = fake_backend(head="binary", labels=("neutral", "sadness", "anger", "happiness"))
    # Sadness has the largest logit, and is denied by a larger one; anger and happiness are both affirmed.
    logits = np.array([2, 1, 9, 8, 0, 3, -4, 0], np.float32)
    grid = backend.grid
    backend.grid = lambda inputs: replace(grid(inputs), logits=np.broadcast_to(logits, grid(inputs).logits.shape))
    explanation = explain_clip(clip, "s", backend, CHEAP)
    assert explanation.explained == (explanation.predicted,) == (3,)
    assert explanation.p_all[2:].min() > 0.9


def test_points_enough_for_the_whole_grid_change_nothing(cut, backend):
    clip = cut(tokens=7, frames=5)
    options = Options(masks=32, video_players="time", classes="all")
    whole = explain_clip(clip, "s", backend, options)
    again = explain_clip(clip, "s", backend, replace(options, grid_points=32 * 2 * 32))
    assert again.grid_points == whole.grid_points == 32 * 2 * 32
    np.testing.assert_array_equal(again.estimate.phi, whole.estimate.phi)
    np.testing.assert_array_equal(again.estimate.se, whole.estimate.se)


@pytest.mark.parametrize("estimator", ["grid-interpolation", "grid-interpolation-ard"])
def test_a_part_of_the_grid_explains_nearly_as_well(cut, backend, estimator):
    clip = cut(tokens=9, frames=6)
    truth = explain_clip(clip, "s", backend, EXACT).estimate.phi
    options = Options(masks=64, video_players="time", classes="all", estimator=estimator, grid_points=3000)
    errors = []
    for seed in range(5):
        found = explain_clip(clip, "s", backend, replace(options, seed=seed))
        assert (found.masks, found.grid_points) == ({"text": 64, "audio": 2, "video": 64}, 2560)
        np.testing.assert_allclose(found.estimate.phi.sum(axis=0), found.p_all - found.p_none, atol=1e-6)
        assert (found.estimate.se > 0).all()
        errors.append(np.linalg.norm(found.estimate.phi - truth))
    assert np.mean(errors) / np.linalg.norm(truth) < 0.06


@pytest.mark.parametrize("missing", ["text", "sound", "video"])
def test_a_part_of_the_grid_of_a_clip_that_lacks_a_modality(cut, backend, missing):
    clip = replace(cut(tokens=7, frames=6), **{missing: None})
    found = explain_clip(clip, "s", backend, Options(masks=32, video_players="time", grid_points=1))
    whole = int(np.prod([K for K in found.masks.values() if K]))
    assert found.grid_points < whole if missing == "sound" else found.grid_points == whole
    np.testing.assert_allclose(
        found.estimate.phi.sum(axis=0), (found.p_all - found.p_none)[[found.predicted]], atol=1e-6
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(grid_points=0), "grid_points is 0: give at least 1, or all"),
        (Options(grid_points=9, estimator="chains"), "grid_points is 9, and 'chains' needs all points of a grid"),
        (Options(grid_points=9, tolerance=2.0), r"grid_points is 9 and tolerance 2\.0: .* leave out one of the two"),
    ],
)
def test_points_that_suit_no_clip_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        check_options(options)
