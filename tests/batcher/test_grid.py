"""The grid of a small model in numpy, held against masking each coalition's clip by hand."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batcher.estimators import SparseGrid
from batcher.grid import Divided, GrowingGrid, Maskable, Slices, evaluate_grid, in_turn
from batcher.grid.pictures import DistinctPictures, frame_features, new_pictures
from batcher.players import video_players
from media import Video

MODALITIES = ("text", "audio", "video")
SIZE = 8
"""Height and width of the small model's pictures."""
D, CLASSES = 3, 4
unhurried = settings(deadline=None, max_examples=60)  # a busy machine is no failure


@dataclass
class SmallModel:
    """Encoders, pairs and a head that mix everything with everything, each as one clip's pure function."""

    modalities: tuple = MODALITIES
    calls: list = field(default_factory=list)
    """(graph, shapes of its inputs)."""

    def __post_init__(self):
        rng = np.random.default_rng(0)
        self.ids_to = rng.normal(size=D)
        self.wave_to = rng.normal(size=D)
        self.picture_to = rng.normal(size=(3 * SIZE * SIZE, D)) / SIZE
        self.terms_to = {
            name: rng.normal(size=D) for x in MODALITIES for name in (x, *(f"{x}_{y}" for y in MODALITIES))
        }
        self.logits_to = rng.normal(size=(D, CLASSES))

    def text(self, ids):
        encoding = np.sin(np.outer(ids + 0.5, self.ids_to))
        return encoding + encoding.cumsum(axis=0)[::-1]

    def audio(self, wave):
        means = [part.mean() if len(part) else 0.0 for part in np.array_split(wave, 3)]
        return np.cos(np.outer(means, self.wave_to)).cumsum(axis=0)

    def picture(self, picture):
        return np.tanh(picture.reshape(-1) / 255 @ self.picture_to - 0.3)

    def video(self, features):
        return np.concatenate([np.sin(features).sum(axis=0, keepdims=True), features * features.mean()])

    def pair(self, x, y):
        return np.tanh(x[0] * y.mean(axis=0)), np.cos(y[0] + x.mean(axis=0))

    def head(self, terms):
        return np.tanh(sum(self.terms_to[name] * term for name, term in terms.items())) @ self.logits_to

    def logits(self, encodings):
        """Of one coalition, from its encodings [L, d]."""
        terms = {}
        for i, x in enumerate(self.modalities):
            for y in self.modalities[i + 1 :]:
                terms[f"{x}_{y}"], terms[f"{y}_{x}"] = self.pair(encodings[x], encodings[y])
        return self.head(terms or {m: encodings[m][0] for m in self.modalities})

    @property
    def absent(self):
        return {m: np.full((1, 2 if m == "text" else 1, D), 0.1 * len(m)) for m in self.modalities}

    def run(self, graph, /, **inputs):
        """The same functions as an artefact's graphs."""
        self.calls.append((graph, {name: value.shape for name, value in inputs.items()}))
        if graph == "text_encoder":
            shown = np.where(kept(inputs), inputs["ids"], -1)
            return [np.stack([self.text(ids) for ids in shown])]
        if graph == "audio_encoder":
            shown = np.where(kept(inputs), inputs["wave"], 0)
            return [np.stack([self.audio(wave) for wave in shown])]
        if graph == "video_frames":
            shown = [[self.picture(p) for p in row] for row in pictures(inputs["frames"], kept(inputs))]
            return [np.array(shown, np.float32)]
        if graph == "video_encoder":
            return [np.stack([self.video(features) for features in inputs["features"]])]
        if graph.startswith("pairs"):
            both = [[self.pair(x, y) for y in inputs["y"]] for x in inputs["x"]]
            forth, back = (np.array([[terms[i] for terms in row] for row in both]) for i in range(2))
            return [forth, back.swapaxes(0, 1)]
        K = {}
        for name, term in inputs.items():
            K |= dict(zip(name.split("_"), term.shape, strict=False))
        shape = [K.get(m, 1) for m in MODALITIES]
        logits = np.empty((*shape, CLASSES))
        for point in np.ndindex(*shape):
            place = dict(zip(MODALITIES, point, strict=True))
            terms = {name: term[tuple(place[m] for m in name.split("_"))] for name, term in inputs.items()}
            logits[point] = self.head(terms)
        return [logits]


def kept(inputs):
    """Bool [K, positions...]."""
    player, keep = inputs["player"], inputs["keep"]
    return np.array([[p < 0 or row[p] for p in player.ravel()] for row in keep]).reshape(len(keep), *player.shape)


def pictures(frames, shown):
    """Frames [F, 3, S, S] under cells [K, F, 4, 4]."""
    return frames * np.kron(shown, np.ones((SIZE // 4, SIZE // 4), np.uint8))[:, :, None]


def design(n, K, rng):
    """None, all, and whatever else, repetitions among it."""
    return np.concatenate([np.zeros((1, n), bool), np.ones((1, n), bool), rng.random((max(0, K - 2), n)) < 0.5])


def some_clip(rng, *, K=(5, 4, 6), frames=3):
    text = Maskable(rng.integers(0, 50, 6), np.array([-1, 0, 1, 2, 3, -1]), design(4, K[0], rng))
    audio = Maskable(rng.normal(size=20).astype(np.float32), np.repeat([0, 1], 10), design(2, K[1], rng))
    shots = rng.integers(1, 256, (frames, 3, SIZE, SIZE), dtype=np.uint8)
    video = Maskable(shots, np.tile(np.arange(16).reshape(4, 4), (frames, 1, 1)), design(16, K[2], rng))
    return {"text": text, "audio": audio, "video": video}


def by_hand(model, inputs):
    """Logits of the grid, from one masked clip per coalition."""
    counts = [len(inputs[m].keep) if m in inputs else 1 for m in MODALITIES]
    grid = np.empty((*counts, CLASSES))
    for point in product(*map(range, counts)):
        encodings = {m: encoding[0] for m, encoding in model.absent.items()}
        for m, k in zip(MODALITIES, point, strict=True):
            if m not in inputs:
                continue
            clip, player, keep = inputs[m].clip, inputs[m].player, inputs[m].keep[k]
            lost = np.isin(player, np.flatnonzero(~keep))
            if m == "text":
                encodings[m] = model.text(np.where(lost, -1, clip))
            elif m == "audio":
                encodings[m] = model.audio(np.where(lost, 0, clip))
            else:
                shown = clip.copy()
                for f, row, column in np.argwhere(lost):
                    shown[f, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = 0
                encodings[m] = model.video(np.array([model.picture(p) for p in shown], np.float32))
        grid[point] = model.logits(encodings)
    return grid


sizes = st.integers(1, 9)
slices = st.builds(
    Slices,
    text_masks=sizes,
    audio_masks=sizes,
    pictures=st.integers(1, 40),
    video_masks=sizes,
    pair_masks=sizes,
    grid_points=st.integers(1, 150),
)


@pytest.fixture(scope="module")
def whole():
    """A clip with everything, and its grid by hand."""
    inputs = some_clip(np.random.default_rng(1))
    return inputs, by_hand(SmallModel(), inputs)


@unhurried
@given(slices)
def test_every_slicing_gives_every_coalitions_logits(whole, bounds):
    inputs, expected = whole
    model = SmallModel()
    grid = evaluate_grid(in_turn(model.run), inputs, model.absent, bounds)
    np.testing.assert_allclose(grid.logits, expected, atol=1e-5)


@unhurried
@given(slices)
def test_no_call_is_larger_than_its_slice(whole, bounds):
    inputs, _ = whole
    model = SmallModel()
    evaluate_grid(in_turn(model.run), inputs, model.absent, bounds)
    for graph, shapes in model.calls:
        if graph == "video_frames":
            assert shapes["keep"][0] * shapes["frames"][0] <= bounds.pictures
        elif graph == "text_encoder":
            assert shapes["keep"][0] <= bounds.text_masks
        elif graph == "audio_encoder":
            assert shapes["keep"][0] <= bounds.audio_masks
        elif graph == "video_encoder":
            assert shapes["features"][0] <= bounds.video_masks
        elif graph == "head":
            K_T, K_A, _ = shapes["text_audio"]
            K_V = shapes["text_video"][1]
            points = K_T * K_A * K_V
            assert points <= max(bounds.grid_points, K_V)  # one row of the last axis at least
        else:
            assert max(shapes["x"][0], shapes["y"][0]) <= bounds.pair_masks


SUBSETS = [some for size in (1, 2, 3) for some in combinations(MODALITIES, size)]


@pytest.mark.parametrize(("modalities", "used"), [(m, u) for m in SUBSETS for u in SUBSETS if set(u) <= set(m)])
def test_fewer_modalities_leave_axes_of_length_one(modalities, used):
    model = SmallModel(modalities)
    inputs = {m: masked for m, masked in some_clip(np.random.default_rng(2)).items() if m in used}
    grid = evaluate_grid(in_turn(model.run), inputs, model.absent, Slices(text_masks=3, grid_points=7))
    np.testing.assert_allclose(grid.logits, by_hand(model, inputs), atol=1e-5)
    assert [length > 1 for length in grid.logits.shape[:3]] == [m in used for m in MODALITIES]
    called = {graph for graph, _ in model.calls}
    encoders = {"text": {"text_encoder"}, "audio": {"audio_encoder"}, "video": {"video_frames", "video_encoder"}}
    for m in MODALITIES:
        assert bool(called & encoders[m]) == (m in used)


def growing_grid(model, inputs, bounds=None):
    divided = {m: Divided(masked.clip, masked.player) for m, masked in inputs.items()}
    return GrowingGrid(in_turn(model.run), divided, model.absent, bounds or Slices())


def some_steps(inputs, rng):
    """Every modality's sub-masks cut into parts, and all of the parts in any order that keeps a modality's own."""
    parts = {}
    for m, masked in inputs.items():
        cuts = np.sort(rng.choice(np.arange(1, len(masked.keep)), rng.integers(0, 3), replace=False))
        parts[m] = np.split(masked.keep, cuts)
    order = rng.permutation([m for m, keeps in parts.items() for _ in keeps])
    return [(str(m), parts[m].pop(0)) for m in order]


@pytest.mark.parametrize(("modalities", "used"), [(m, u) for m in SUBSETS for u in SUBSETS if set(u) <= set(m)])
def test_a_grid_grown_in_any_order_is_the_one_evaluated_at_once(modalities, used):
    rng = np.random.default_rng(6)
    inputs = {m: masked for m, masked in some_clip(rng).items() if m in used}
    for _ in range(8):
        model, at_once = SmallModel(modalities), SmallModel(modalities)
        bounds = Slices(*(int(size) for size in rng.integers(1, 9, 6)), grid_points=int(rng.integers(1, 150)))
        growing = growing_grid(model, inputs, bounds)
        for m, keep in some_steps(inputs, rng):
            growing.extend(m, keep)
        expected = evaluate_grid(in_turn(at_once.run), inputs, at_once.absent, bounds)
        np.testing.assert_allclose(growing.grid().logits, expected.logits, atol=1e-6)
        assert growing.grid().frames_encoded == expected.frames_encoded == encoded_pictures(model)
        assert growing.grid().logits.dtype == np.float32


@pytest.mark.parametrize("order", list(permutations(MODALITIES)), ids="-".join)
def test_a_grid_at_once_takes_no_more_calls_than_its_slices_make(order):
    model, inputs = SmallModel(), some_clip(np.random.default_rng(7), K=(7, 5, 6))
    bounds = Slices(
        text_masks=3, audio_masks=2, frames=1000, pictures=1000, video_masks=4, pair_masks=3, grid_points=13
    )
    evaluate_grid(in_turn(model.run), {m: inputs[m] for m in order}, model.absent, bounds)
    assert Counter(graph for graph, _ in model.calls) == {
        "text_encoder": 3,
        "audio_encoder": 3,
        "video_frames": 2,  # black, and all else
        "video_encoder": 2,
        "pairs_text_audio": 3 * 2,
        "pairs_text_video": 3 * 2,
        "pairs_audio_video": 2 * 2,
        "head": 7 * 3,  # two rows of sound by six of video are the most below 13
    }


def points(shapes):
    K_T, K_A, _ = shapes["text_audio"]
    return K_T * K_A * shapes["text_video"][1]


@pytest.mark.parametrize("grown", MODALITIES)
def test_growing_calls_the_graphs_for_what_is_new_alone(grown):
    model, inputs = SmallModel(), some_clip(np.random.default_rng(8), K=(5, 4, 6))
    K = {"text": 5, "audio": 4, "video": 6}
    growing = growing_grid(model, inputs)
    for m, masked in inputs.items():
        growing.extend(m, masked.keep)
    growing.grid()
    model.calls.clear()
    n = inputs[grown].keep.shape[1]
    growing.extend(grown, np.random.default_rng(9).random((3, n)) < 0.5)
    growing.grid()
    encoders = {"text": {"text_encoder"}, "audio": {"audio_encoder"}, "video": {"video_frames", "video_encoder"}}
    pairs = {f"pairs_{x}_{y}": (x, y) for x, y in combinations(MODALITIES, 2)}
    called = {graph for graph, _ in model.calls}
    assert called == encoders[grown] | {name for name, pair in pairs.items() if grown in pair} | {"head"}
    for graph, shapes in model.calls:
        if graph in pairs:
            x, y = pairs[graph]
            assert (shapes["x"][0], shapes["y"][0]) == tuple(3 if m == grown else K[m] for m in (x, y))
        elif graph == "video_encoder":
            assert shapes["features"][0] == 3
        elif graph.endswith("_encoder"):
            assert shapes["keep"] == (3, n)
    assert sum(points(shapes) for graph, shapes in model.calls if graph == "head") == 3 * 120 // K[grown]


def test_a_modality_without_sub_masks_keeps_pairs_and_head_waiting():
    model, inputs = SmallModel(), some_clip(np.random.default_rng(10))
    growing = growing_grid(model, inputs)
    assert not model.calls
    growing.extend("video", inputs["video"].keep)
    growing.extend("text", inputs["text"].keep[:2])
    growing.extend("text", inputs["text"].keep[2:])
    assert {graph for graph, _ in model.calls} & {"head", "pairs_text_audio", "pairs_audio_video"} == set()
    with pytest.raises(ValueError, match="no sub-masks of audio yet: extend each modality"):
        growing.grid()


def test_of_a_part_the_head_sees_no_other_points():
    model, inputs = SmallModel(), some_clip(np.random.default_rng(12), K=(6, 4, 6))
    growing = growing_grid(model, inputs)
    for m, masked in inputs.items():
        growing.extend(m, masked.keep)
    part = SparseGrid(((2, 4, 6), (4,), (2, 6)), 48)
    found = growing.part(part)
    assert sum(points(shapes) for graph, shapes in model.calls if graph == "head") == part.points == 32 + 32 + 16
    whole = growing.grid()
    for cell, logits in zip(part.cells, found.cells, strict=True):
        np.testing.assert_allclose(logits, whole.logits[cell], atol=1e-6)
    assert found.frames_encoded == whole.frames_encoded
    with pytest.raises(ValueError, match=r"the part is one of a grid \(6, 4, 4\), and this one is \[6, 4, 6\]"):
        growing.part(SparseGrid(((6,), (4,), (4,)), 96))


def test_only_what_the_clip_has_can_be_extended():
    model, inputs = SmallModel(), some_clip(np.random.default_rng(11))
    growing = growing_grid(model, {"text": inputs["text"]})
    with pytest.raises(ValueError, match="sub-masks of video, and the clip has text: extend one of these"):
        growing.extend("video", inputs["video"].keep)
    with pytest.raises(ValueError, match=r"^0 sub-masks of text.*by at least one"):
        growing.extend("text", inputs["text"].keep[:0])


def encoded_pictures(model):
    shapes = [shapes for graph, shapes in model.calls if graph == "video_frames"]
    return sum(s["keep"][0] * s["frames"][0] for s in shapes)


def naive_features(model, video):
    shown = pictures(video.clip, kept({"player": video.player, "keep": video.keep}))
    return np.array([[model.picture(p) for p in row] for row in shown])


def maskable(frames, kind, K, rng):
    shots = rng.integers(1, 256, (frames, 3, SIZE, SIZE), dtype=np.uint8)
    players = video_players(Video(shots, np.arange(frames + 1.0), cut=False), kind)
    return Maskable(shots, players.positions, design(players.n, K, rng))


@pytest.mark.parametrize("kind", ["space", "time", "space-time"])
@pytest.mark.parametrize("bound", [1, 7, 64])
def test_features_equal_those_of_every_masked_frame(kind, bound):
    video, model = maskable(13, kind, 9, np.random.default_rng(3)), SmallModel()
    features, _ = frame_features(in_turn(model.run), video, Slices(frames=bound % 5 + 1, pictures=bound))
    np.testing.assert_allclose(features, naive_features(model, video), atol=1e-6)


@unhurried
@given(seed=st.integers(0, 2**32), n=st.integers(1, 20), frames=st.integers(1, 6), bound=st.integers(1, 30))
def test_any_partition_encodes_each_distinct_picture_once(seed, n, frames, bound):
    rng = np.random.default_rng(seed)
    layouts = rng.integers(-1, n, (3, 4, 4)) if rng.random() < 0.8 else np.full((3, 4, 4), -1)
    shots = rng.integers(1, 256, (frames, 3, SIZE, SIZE), dtype=np.uint8)
    video = Maskable(shots, layouts[np.sort(rng.integers(0, 3, frames))], design(n, 6, rng))
    model = SmallModel()
    features, encoded = frame_features(in_turn(model.run), video, Slices(frames=bound % 5 + 1, pictures=bound))
    np.testing.assert_allclose(features, naive_features(model, video), atol=1e-6)
    shown = kept({"player": video.player, "keep": video.keep}).reshape(len(video.keep), frames, 16)
    lit = sum(np.unique(shown[shown[:, f].any(axis=1), f], axis=0).shape[0] for f in range(frames))
    assert encoded == encoded_pictures(model) == lit + 1  # and one that is black


@pytest.mark.parametrize("K", [2, 12, 64])
@pytest.mark.parametrize("frames", [1, 4, 10, 23])
def test_players_of_time_cost_one_picture_a_frame_and_a_black_one(frames, K):
    video, model = maskable(frames, "time", K, np.random.default_rng(4)), SmallModel()
    _, encoded = frame_features(in_turn(model.run), video, Slices())
    assert encoded == encoded_pictures(model) == frames + 1


def test_equal_sub_masks_of_space_are_encoded_once():
    video, model = maskable(5, "space", 8, np.random.default_rng(5)), SmallModel()
    twice = Maskable(video.clip, video.player, np.concatenate([video.keep, video.keep[::-1]]))
    features, encoded = frame_features(in_turn(model.run), twice, Slices())
    assert encoded == encoded_pictures(model) == 7 * 5 + 1  # 8 distinct masks, of which one is black
    np.testing.assert_array_equal(features[:8], features[:7:-1])


@pytest.mark.parametrize("kind", ["space", "time", "space-time"])
def test_pictures_that_are_encoded_arent_encoded_again(kind):
    video, model = maskable(13, kind, 12, np.random.default_rng(12)), SmallModel()
    at_once, encoded = frame_features(in_turn(model.run), video, Slices())
    model.calls.clear()
    pictures = DistinctPictures(in_turn(model.run), video, Slices())
    for rows in (slice(0, 3), slice(3, 8), slice(2, 12), slice(0, 12)):
        pictures.encode(video.keep[rows])
    np.testing.assert_array_equal(pictures.features(video.keep), at_once)
    assert pictures.encoded == encoded == encoded_pictures(model)


def test_more_sub_masks_of_time_cost_no_picture():
    video, model = maskable(23, "time", 2, np.random.default_rng(13)), SmallModel()
    inputs = some_clip(np.random.default_rng(13)) | {"video": video}
    growing = growing_grid(model, inputs)
    for m, masked in inputs.items():
        growing.extend(m, masked.keep)
    before = encoded_pictures(model)
    growing.extend("video", np.random.default_rng(14).random((40, 10)) < 0.5)
    assert growing.grid().frames_encoded == encoded_pictures(model) == before == 23 + 1


def layouts(frames, kind):
    return maskable(frames, kind, 2, np.random.default_rng(0)).player


def test_one_more_mask_of_space_shows_every_frame_anew_and_of_time_none():
    assert new_pictures(layouts(13, "space"), 20) == pytest.approx(13, abs=0.01)
    assert new_pictures(layouts(13, "space-time"), 20) == pytest.approx(13, abs=0.01)
    assert new_pictures(layouts(13, "time"), 2) == 0
    assert new_pictures(np.full((5, 4, 4), -1), 2) == 0


@pytest.mark.parametrize("masks", [0, 1, 3])
def test_new_pictures_are_counted_as_uniform_masks_show_them(masks):
    # Two players halve four frames, a third one has the fifth: all 8^(masks + 1) draws, after none and all.
    player = np.repeat(np.array([0, 0, 0, 0, 2]), 16).reshape(5, 4, 4)
    player[:4, :, 2:] = 1
    subsets = np.array(list(product([False, True], repeat=3)))
    expected = []
    for draw in product(subsets, repeat=masks + 1):
        seen = [subsets[0], subsets[-1], *draw[:-1]]
        halves = all((draw[-1][:2] != mask[:2]).any() for mask in seen)
        fifth = all(draw[-1][2] != mask[2] for mask in seen)
        expected.append(4 * halves + fifth)
    assert new_pictures(player, masks) == pytest.approx(np.mean(expected))
