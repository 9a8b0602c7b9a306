"""What a caller may pass to each graph of an artefact, and what it gets: `docs/artefact.md`."""

from itertools import product

import numpy as np
import pytest
import torch

ROUNDING = 1e-5

FLOAT, INT, BYTE, BOOL = "tensor(float)", "tensor(int64)", "tensor(uint8)", "tensor(bool)"
D_T, D_A, D_V, CLASSES = 64, 32, 16, 7

CONTRACT = {
    "text_encoder": (
        {"ids": (INT, ["L"]), "player": (INT, ["L"]), "keep": (BOOL, ["K", "n"])},
        {"encoding": ["K", "L", D_T]},
    ),
    "audio_encoder": (
        {"wave": (FLOAT, ["N"]), "player": (INT, ["N"]), "keep": (BOOL, ["K", "n"])},
        {"encoding": ["K", "T + 1", D_A]},
    ),
    "video_frames": (
        {"frames": (BYTE, ["F", 3, 256, 256]), "player": (INT, ["F", 4, 4]), "keep": (BOOL, ["K", "n"])},
        {"features": ["K", "F", D_V]},
    ),
    "video_encoder": ({"features": (FLOAT, ["K", "F", D_V])}, {"encoding": ["K", "F + 1", D_V]}),
    "pairs_text_audio": (
        {"x": (FLOAT, ["Kx", "Lx", D_T]), "y": (FLOAT, ["Ky", "Ly", D_A])},
        {"text_audio": ["Kx", "Ky", D_T], "audio_text": ["Ky", "Kx", D_A]},
    ),
    "pairs_text_video": (
        {"x": (FLOAT, ["Kx", "Lx", D_T]), "y": (FLOAT, ["Ky", "Ly", D_V])},
        {"text_video": ["Kx", "Ky", D_T], "video_text": ["Ky", "Kx", D_V]},
    ),
    "pairs_audio_video": (
        {"x": (FLOAT, ["Kx", "Lx", D_A]), "y": (FLOAT, ["Ky", "Ly", D_V])},
        {"audio_video": ["Kx", "Ky", D_A], "video_audio": ["Ky", "Kx", D_V]},
    ),
    "head": (
        {
            "text_audio": (FLOAT, ["KT", "KA", D_T]),
            "audio_text": (FLOAT, ["KA", "KT", D_A]),
            "text_video": (FLOAT, ["KT", "KV", D_T]),
            "video_text": (FLOAT, ["KV", "KT", D_V]),
            "audio_video": (FLOAT, ["KA", "KV", D_A]),
            "video_audio": (FLOAT, ["KV", "KA", D_V]),
        },
        {"logits": ["KT", "KA", "KV", CLASSES]},
    ),
}


def sizes_by_letter(nodes, contract):
    """What stands in a graph for each letter and number of its contract: each must always be the same."""
    found = {}
    for node in nodes:
        assert len(node.shape) == len(contract[node.name]), node.name
        for letter, size in zip(contract[node.name], node.shape, strict=True):
            assert found.setdefault(letter, size) == size, node.name
    return found


@pytest.mark.parametrize("name", CONTRACT)
def test_names_types_and_axes_of_inputs_and_outputs(demo_graphs, name):
    inputs, outputs = CONTRACT[name]
    session = demo_graphs[name]
    assert {node.name: node.type for node in session.get_inputs()} == {key: kind for key, (kind, _) in inputs.items()}
    assert [node.name for node in session.get_outputs()] == list(outputs)
    assert {node.type for node in session.get_outputs()} == {FLOAT}
    sizes = sizes_by_letter(
        [*session.get_inputs(), *session.get_outputs()], {key: axes for key, (_, axes) in inputs.items()} | outputs
    )
    dynamic = {letter: size for letter, size in sizes.items() if isinstance(letter, str)}
    assert all(isinstance(size, str) for size in dynamic.values()), "every K, length and frame count is dynamic"
    assert len(set(dynamic.values())) == len(dynamic), "axes that may differ have names of their own"
    assert all(sizes[number] == number for number in sizes if isinstance(number, int))


# One clip of each modality, and what PyTorch makes of it where each sub-mask was applied by hand


def sub_masks(rng, masks, players):
    """None, all, then random ones."""
    keep = rng.integers(0, 2, (masks, players)).astype(bool)
    keep[0] = False
    keep[1:2] = True
    return keep


def text_clip(rng, tokens, players):
    ids = rng.integers(3, 999, tokens)
    ids[0], ids[-1] = 0, 2
    player = np.arange(tokens) % players
    player[[0, -1]] = -1
    return {"ids": ids, "player": player}


def text_by_hand(model, clip, mask):
    ids = [999 if p >= 0 and not mask[p] else i for i, p in zip(clip["ids"], clip["player"], strict=True)]
    return model.encode_text(torch.tensor([ids]))[0]


def audio_clip(rng, samples, players):
    return {
        "wave": rng.normal(0, 0.1, samples).astype(np.float32),
        "player": np.arange(samples) * players // samples,
    }


def audio_by_hand(model, clip, mask):
    wave = clip["wave"].copy()
    for player in range(len(mask)):
        if not mask[player]:
            wave[clip["player"] == player] = 0
    return model.encode_audio(torch.from_numpy(wave)[None])[0]


def video_clip(rng, frames, players):
    player = rng.integers(-1, players, (frames, 4, 4))
    return {"frames": rng.integers(0, 256, (frames, 3, 256, 256), dtype=np.uint8), "player": player}


def video_by_hand(model, clip, mask):
    frames = clip["frames"].copy()
    for f, row, column in product(range(len(frames)), range(4), range(4)):
        player = clip["player"][f, row, column]
        if player >= 0 and not mask[player]:
            frames[f, :, 64 * row : 64 * row + 64, 64 * column : 64 * column + 64] = 0
    return model.frame_features(torch.from_numpy(frames) / 255.0)


CLIPS = {
    "text_encoder": (text_clip, text_by_hand, [(2, 1, 1), (3, 1, 1), (9, 5, 7), (40, 2, 3), (512, 2, 40)]),
    "audio_encoder": (
        audio_clip,
        audio_by_hand,
        [(1, 1, 1), (2, 3, 2), (464, 2, 1), (465, 2, 1), (33_333, 4, 4), (150_000, 1, 18)],
    ),
    "video_frames": (video_clip, video_by_hand, [(1, 1, 1), (1, 3, 16), (3, 2, 5), (2, 2, 40)]),
}
CASES = [(name, *sizes) for name, (_, _, cases) in CLIPS.items() for sizes in cases]


@pytest.mark.parametrize(("name", "length", "masks", "players"), CASES)
def test_masks_inside_a_graph_are_those_applied_by_hand(demo_graphs, demo_model, name, length, masks, players):
    make, by_hand, _ = CLIPS[name]
    rng = np.random.default_rng(length)
    clip, keep = make(rng, length, players), sub_masks(rng, masks, players)
    got = demo_graphs.run(name, **clip, keep=keep)
    expected = np.stack([by_hand(demo_model, clip, mask) for mask in keep])
    assert got.shape == expected.shape
    # Features are sums that may cancel: they are rounded on the scale of the largest.
    np.testing.assert_allclose(got, expected, rtol=0, atol=ROUNDING * np.abs(expected).max().clip(1))


@pytest.mark.parametrize(("name", "length"), [("text_encoder", 9), ("audio_encoder", 5000), ("video_frames", 2)])
def test_keeping_all_is_no_mask_and_minus_one_is_never_masked(demo_graphs, name, length):
    make, _, _ = CLIPS[name]
    clip = make(np.random.default_rng(0), length, 4)
    all_kept = demo_graphs.run(name, **clip, keep=np.ones((2, 4), dtype=bool))
    of_nobody = clip | {"player": np.full_like(clip["player"], -1)}
    none_kept = demo_graphs.run(name, **of_nobody, keep=np.zeros((2, 4), dtype=bool))
    np.testing.assert_array_equal(all_kept, none_kept)
    masked = demo_graphs.run(name, **clip, keep=np.zeros((2, 4), dtype=bool))
    assert np.abs(masked - all_kept).max() > 0.01


@pytest.mark.parametrize(("name", "length"), [("text_encoder", 9), ("audio_encoder", 5000), ("video_frames", 3)])
def test_masks_may_be_passed_in_slices(demo_graphs, name, length):
    make, _, _ = CLIPS[name]
    rng = np.random.default_rng(0)
    clip, keep = make(rng, length, 4), sub_masks(rng, 5, 4)
    slices = [demo_graphs.run(name, **clip, keep=part) for part in (keep[:1], keep[1:3], keep[3:])]
    whole = demo_graphs.run(name, **clip, keep=keep)
    np.testing.assert_allclose(np.concatenate(slices), whole, rtol=0, atol=ROUNDING)


def test_frames_may_be_passed_in_slices(demo_graphs):
    rng = np.random.default_rng(0)
    clip, keep = video_clip(rng, 4, 6), sub_masks(rng, 3, 6)
    slices = [
        demo_graphs.run("video_frames", **{key: value[part] for key, value in clip.items()}, keep=keep)
        for part in (slice(1), slice(1, 4))
    ]
    whole = demo_graphs.run("video_frames", **clip, keep=keep)
    np.testing.assert_allclose(np.concatenate(slices, axis=1), whole, rtol=0, atol=ROUNDING)


def test_a_frame_wholly_masked_is_a_black_one(demo_graphs):
    rng = np.random.default_rng(0)
    clip = video_clip(rng, 2, 3) | {"player": np.zeros((2, 4, 4), dtype=np.int64)}
    masked = demo_graphs.run("video_frames", **clip, keep=np.zeros((1, 1), dtype=bool))
    black = np.zeros((1, 3, 256, 256), dtype=np.uint8)
    feature = demo_graphs.run("video_frames", frames=black, player=clip["player"][:1], keep=np.ones((1, 1), dtype=bool))
    np.testing.assert_allclose(masked[0], np.repeat(feature[0], 2, axis=0), rtol=0, atol=ROUNDING)


def encodings(rng, masks):
    lengths = {"text": (7, D_T), "audio": (5, D_A), "video": (4, D_V)}
    return {m: rng.normal(size=(masks[m], *lengths[m])).astype(np.float32) for m in lengths}


@pytest.mark.parametrize("counts", [(1, 1, 1), (1, 3, 1), (4, 2, 3)])
def test_pairs_and_head_give_pytorch_s_grid(demo_graphs, demo_model, counts):
    here = encodings(np.random.default_rng(0), dict(zip(("text", "audio", "video"), counts, strict=True)))
    terms = {}
    for x, y in demo_model.config.pairs:
        terms[f"{x}_{y}"], terms[f"{y}_{x}"] = demo_graphs.run(f"pairs_{x}_{y}", x=here[x], y=here[y])
    logits = demo_graphs.run("head", **terms)
    expected = demo_model({m: torch.from_numpy(encoding) for m, encoding in here.items()})
    assert logits.shape == (*counts, CLASSES)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=ROUNDING)


def test_the_head_takes_slices_of_the_terms(demo_graphs, demo_model):
    here = encodings(np.random.default_rng(0), {"text": 4, "audio": 3, "video": 2})
    terms = {}
    for x, y in demo_model.config.pairs:
        terms[f"{x}_{y}"], terms[f"{y}_{x}"] = demo_graphs.run(f"pairs_{x}_{y}", x=here[x], y=here[y])
    whole = demo_graphs.run("head", **terms)
    of_text = {
        name: term[1:3] if name.startswith("text") else term[:, 1:3] if name.endswith("text") else term
        for name, term in terms.items()
    }
    np.testing.assert_allclose(demo_graphs.run("head", **of_text), whole[1:3], rtol=0, atol=ROUNDING)


def test_a_sound_too_short_for_a_frame_is_its_cls_alone(demo_graphs, demo):
    wave = {"wave": np.ones(1, dtype=np.float32), "player": np.zeros(1, dtype=np.int64)}
    encoding = demo_graphs.run("audio_encoder", **wave, keep=np.ones((1, 1), dtype=bool))
    np.testing.assert_allclose(encoding, np.load(demo / "absent.npz")["audio"], rtol=0, atol=ROUNDING)


def test_the_absent_text_is_one_without_tokens(demo_graphs, demo):
    text = {"ids": np.array([0, 2]), "player": np.array([-1, -1])}
    encoding = demo_graphs.run("text_encoder", **text, keep=np.zeros((1, 1), dtype=bool))
    np.testing.assert_allclose(encoding, np.load(demo / "absent.npz")["text"], rtol=0, atol=ROUNDING)
