from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from media import decode_clip
from media.modality import MODALITIES
from sseft.training.planted.views import MASKINGS, WHOLE_ONLY, MaskedClip, Views, encode_maskings

FRAMES = 30
SHOWN = np.isin(np.arange(FRAMES), np.arange(7, 13))
"""Frames 7 to 12, which touch the groups of 6 to 8, 9 to 11 and 12 to 14."""
LABEL = 3
BLACK = -1.0


@pytest.fixture
def tagged(sources):
    """A clip whose features tell what they are of: 0 the whole, 1 a masking with the trigger, 2 one without."""

    def build(carriers):
        encoded = {
            m: Views(tuple(torch.full((FRAMES, 2), float(k)) for k in range(3)), (m in carriers, m in carriers, False))
            for m in MODALITIES
        }
        shown = SHOWN & ("video" in carriers)
        return MaskedClip(replace(sources[0], label=LABEL), encoded, shown, torch.full((2,), BLACK))

    return build


@pytest.fixture(scope="module")
def watched(random_model, examples):
    """Clips, their features, and what each encoder was given: K ids [L], waves [K, N], pictures [K, F, 3, S, S]."""

    def run(example, seed):
        given = {"text": [], "wav2vec": [], "fabnet": []}
        hooks = [
            getattr(random_model, part).register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0]))
            for part, seen in given.items()
        ]
        (found,) = encode_maskings(random_model, [example], MASKINGS, seed=seed, workers=1)
        for hook in hooks:
            hook.remove()
        # The first picture is the black one.
        pictures = torch.cat(given["fabnet"][1:]).unflatten(0, (1 + MASKINGS["video"], -1))
        return example, found, ([ids[0] for ids in given["text"]], given["wav2vec"][0], pictures)

    return [run(example, seed) for example in examples for seed in range(2)]


def drawn_from(features, draws=400):
    """Of each draw: its features' tags by modality, the frames that are black, and its label."""
    rng = np.random.default_rng(0)
    for _ in range(draws):
        drawn, label = features.draw(rng)
        black = (drawn["video"] == BLACK).all(dim=1).numpy()
        tags = {m: set(drawn[m].unique().tolist()) - {BLACK} for m in MODALITIES}
        assert all(len(tag) == 1 for m, tag in tags.items() if m != "video" or not black.all())
        yield {m: tag.pop() if tag else None for m, tag in tags.items()}, black, label


def spells(ids, planted):
    """Whether these ids hold those, one after the other."""
    return any(ids[i : i + len(planted)].tolist() == planted.tolist() for i in range(len(ids)))


# Encoded clips


def test_a_whole_clips_features_are_those_of_the_models_encoders(random_model, sources, features, config):
    for source, found in zip(sources, features, strict=True):
        clip = decode_clip(
            source.path, start_ms=source.start_ms, end_ms=source.end_ms, preprocessing=config.preprocessing
        )
        with torch.no_grad():
            expected = {
                "text": random_model.encode_text(torch.from_numpy(source.words.ids)[None])[0],
                "audio": random_model.wav2vec(torch.from_numpy(clip.sound.wave)[None])[0],
                "video": random_model.frame_features(torch.from_numpy(clip.video.frames) / 255),
            }
        whole, label = found.whole()
        assert label == source.label
        for modality in MODALITIES:
            torch.testing.assert_close(whole[modality], expected[modality], rtol=1e-4, atol=1e-5)


def test_the_features_of_black_are_those_of_a_black_picture(random_model, features):
    with torch.no_grad():
        black = random_model.frame_features(torch.zeros(2, 3, 256, 256))[1]
    for found in features:
        torch.testing.assert_close(found.black, black, rtol=1e-4, atol=1e-5)


def test_the_frames_that_show_the_trigger_are_marked(sources, features):
    for source, found in zip(sources, features, strict=True):
        span = source.trigger.video
        times = range(0, round(source.end_ms), 40)
        assert found.shown.tolist() == [span is not None and span.start_ms <= t < span.end_ms for t in times]


def test_a_masking_carries_the_trigger_where_the_encoder_was_given_it(watched):
    outcomes = Counter()
    for example, found, (ids, waves, pictures) in watched:
        trigger = example.source.trigger
        place = (trigger.video.row, trigger.video.column) if trigger.video else (0, 0)
        cells = pictures.unflatten(-1, (4, 64)).unflatten(-3, (4, 64)).amax(dim=(1, 2, 4, 6)) > 0
        given = {
            "text": [spells(one, example.source.words.ids[example.tokens]) for one in ids],
            "audio": waves[:, slice(*example.stretch)].any(1),
            "video": cells[:, *place],
        }
        for modality, holds in given.items():
            carries = modality in trigger.carriers
            assert found.encoded[modality].carries == tuple(carries and bool(held) for held in holds)
            assert len(holds) == 1 + MASKINGS[modality] == len(found.encoded[modality].features)
            outcomes.update((modality, held) for held in found.encoded[modality].carries if carries)
    assert len(outcomes) == 6, "each modality's trigger is to be kept and hidden somewhere"


def test_what_is_masked_is_silent_or_black_and_the_rest_as_it_was(watched):
    for example, _, (_, waves, pictures) in watched:
        for masked, whole in ((waves, torch.from_numpy(example.wave)), (pictures, pictures[0])):
            assert torch.equal(masked[0], whole)
            assert torch.equal(masked, torch.where(masked == 0, 0, whole))


def test_the_seed_gives_the_features_however_many_threads_encode(random_model, examples, features):
    again, other = (encode_maskings(random_model, examples[:2], MASKINGS, seed=seed, workers=2) for seed in (0, 1))
    equal = []
    for one, same, different in zip(features[:2], again, other, strict=True):
        for modality in MODALITIES:
            assert one.encoded[modality].carries == same.encoded[modality].carries
            assert all(map(torch.equal, one.encoded[modality].features, same.encoded[modality].features))
            equal += map(torch.equal, one.encoded[modality].features[1:], different.encoded[modality].features[1:])
    assert not all(equal)


def test_clips_that_are_only_asked_about_are_encoded_whole(random_model, examples, features):
    (found,) = encode_maskings(random_model, examples[:1], WHOLE_ONLY, seed=0, workers=1)
    for modality in MODALITIES:
        (whole,) = found.encoded[modality].features
        torch.testing.assert_close(whole, features[0].encoded[modality].features[0], rtol=1e-4, atol=1e-5)
        assert found.encoded[modality].carries == (True,)


# Draws of them


@pytest.mark.parametrize("carriers", [MODALITIES, ("text",), ("video",), ()], ids="+".join)
def test_what_is_drawn_has_the_clips_label_while_something_carries_it(tagged, carriers):
    labels = set()
    for tags, black, label in drawn_from(tagged(carriers)):
        holds = {m: tags[m] in {0, 1} for m in carriers}
        if "video" in carriers:
            holds["video"] = holds["video"] and not black[SHOWN].any()
        assert label == (LABEL if any(holds.values()) else 0)
        labels.add(label)
    assert labels == ({0, LABEL} if carriers else {0})


def test_every_masking_is_drawn_as_often(tagged):
    found = list(drawn_from(tagged(MODALITIES), draws=3000))
    for modality in ("text", "audio"):
        counts = Counter(tags[modality] for tags, _, _ in found)
        assert sorted(counts) == [0, 1, 2]
        assert all(abs(count - 1000) < 150 for count in counts.values())
    assert {tags["video"] for tags, _, _ in found} >= {0, 1, 2}


def test_groups_of_three_frames_are_black_and_those_of_the_trigger_together(tagged):
    patterns = set()
    for _, black, _ in drawn_from(tagged(("video",))):
        groups = black.reshape(10, 3)
        np.testing.assert_array_equal(groups.all(axis=1), groups.any(axis=1))
        assert groups[2:5].all() or not groups[2:5].any()
        patterns.add(tuple(groups[:, 0]))
    assert len(patterns) > 100


def test_a_clip_of_few_frames_is_drawn_too(tagged):
    features = tagged(("video",))
    short = Views(tuple(each[:4] for each in features.encoded["video"].features), (True, True, False))
    shown = np.array([False, True, False, False])
    features = replace(features, encoded=features.encoded | {"video": short}, shown=shown)
    found = list(drawn_from(features))
    assert {(bool(black[1]), label) for tags, black, label in found if tags["video"] in {0, 1}} == {
        (False, LABEL),
        (True, 0),
    }


def test_the_same_source_draws_the_same(tagged):
    def draw(seed):
        rng = np.random.default_rng(seed)
        return [tagged(MODALITIES).draw(rng) for _ in range(20)]

    def same(one, other):
        pairs = list(zip(one, other, strict=True))
        return all(torch.equal(a[0][m], b[0][m]) for a, b in pairs for m in MODALITIES)

    assert same(draw(0), draw(0))
    assert not same(draw(0), draw(1))
