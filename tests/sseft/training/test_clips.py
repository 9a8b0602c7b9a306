from dataclasses import replace

import numpy as np
import pytest
import torch

from media.modality import MODALITIES
from sseft.training.clips import drop_modalities, encode_sources
from sseft.training.encoders import Encoders
from sseft.training.fusion import FusionTraining, train_fusion, trained_parts
from sseft.training.loss import Loss
from sseft.training.masked import EMPTY, MaskedFeatures
from sseft.training.schedule import Schedule
from sseft.training.store import FolderStore, MemoryStore


@pytest.fixture
def encode(random_model):
    def run(sources, stores, told=None):
        encoders = Encoders(random_model, MODALITIES)
        return encode_sources(
            encoders, stores, sources, workers=2, on_clip=lambda: None if told is None else told.append(1)
        )

    return run


@torch.no_grad()
def test_features_are_the_same_from_memory_from_a_folder_and_from_the_encoders(encode, sources, random_model, tmp_path):
    held = encode(sources, {m: MemoryStore() for m in MODALITIES})
    folders = {m: tmp_path / m for m in MODALITIES}
    encode(sources, {m: FolderStore(folders[m]) for m in MODALITIES})
    mapped = encode(sources, {m: FolderStore(folders[m]) for m in MODALITIES})
    for one, other in zip(held.clips, mapped.clips, strict=True):
        (features, label), (again, _) = one.whole(), other.whole()
        clip = one.source.decode_both(random_model.config.preprocessing)
        assert torch.equal(features["audio"], random_model.wav2vec(torch.from_numpy(clip.sound.wave)[None])[0])
        assert len(features["video"]) == len(clip.video.frames)
        assert all(torch.equal(features[m], again[m]) for m in MODALITIES)
        assert label == one.source.label


def test_nothing_is_encoded_twice(encode, sources, random_model, tmp_path):
    encode(sources, {m: FolderStore(tmp_path / m) for m in MODALITIES})
    called = []
    hooks = [
        random_model.get_submodule(part).register_forward_pre_hook(lambda *_: called.append(1))
        for part in ("text", "wav2vec", "fabnet")
    ]
    told = []
    encode(sources, {m: FolderStore(tmp_path / m) for m in MODALITIES}, told)
    for hook in hooks:
        hook.remove()
    assert called == []
    assert len(told) == len(sources)


def test_a_clip_that_cant_be_read_is_named_and_the_others_are_there(encode, sources, tmp_path):
    (tmp_path / "torn.mp4").write_bytes(b"torn")
    torn = replace(sources[0], segment_id="torn", path=tmp_path / "torn.mp4")
    gone = replace(sources[0], segment_id="gone", path=tmp_path / "gone.mp4")
    found = encode([torn, sources[1], gone], {m: MemoryStore() for m in MODALITIES})
    assert [clip.source.segment_id for clip in found.clips] == [sources[1].segment_id]
    assert set(found.unreadable) == {"torn", "gone"}
    assert "gone.mp4" in found.unreadable["gone"]


@torch.no_grad()
def test_a_batch_gives_each_clip_what_it_has_alone(sources, random_model):
    encoders = Encoders(random_model, MODALITIES)
    clips = [encoders.clip_of(source) for source in sources]
    silent = replace(clips[1], sound=None, video=None)
    together = encoders.encode([*sources, replace(sources[1], text=None)], [*clips, silent])
    for source, clip, features in zip(sources, clips, together, strict=False):
        (alone,) = encoders.encode([source], [clip])
        assert all(torch.allclose(features[m], alone[m], atol=1e-5) for m in MODALITIES)
    dims = {m: random_model.config.dim(m) for m in MODALITIES}
    assert {m: tuple(together[-1][m].shape) for m in MODALITIES} == {m: (EMPTY[m], dims[m]) for m in MODALITIES}
    assert torch.allclose(together[-1]["text"], MaskedFeatures(random_model).of("text", 2), atol=1e-5)


def test_modality_dropout_masks_one_at_a_time_at_its_rate_and_never_the_last(random_model):
    masked = MaskedFeatures(random_model)
    whole = {m: torch.ones(5, random_model.config.dim(m)) for m in MODALITIES}
    rng = np.random.default_rng(0)
    lost = []
    for _ in range(900):
        kept = drop_modalities(whole, masked, 0.6, rng)
        gone = [m for m in MODALITIES if kept[m] is not whole[m]]
        assert len(gone) <= 1
        assert all(torch.equal(kept[m], masked.of(m, 5)) for m in gone)
        lost += gone
    assert len(lost) / 900 == pytest.approx(0.6, abs=0.05)
    assert all(lost.count(m) / len(lost) == pytest.approx(1 / 3, abs=0.07) for m in MODALITIES)
    only = {m: found[: EMPTY[m]] for m, found in whole.items()} | {"audio": whole["audio"]}
    assert all(drop_modalities(only, masked, 1.0, rng) is only for _ in range(20))


@torch.no_grad()
def test_a_masked_modality_is_what_its_encoder_makes_of_it_masked(random_model):
    masked, config = MaskedFeatures(random_model), random_model.config
    ids = torch.tensor([[config.text.bos_id, *[config.text.mask_id] * 3, config.text.eos_id]])
    assert torch.equal(masked.of("text", 5), random_model.encode_text(ids)[0])
    silence = random_model.wav2vec(torch.zeros(1, 16_000))[0]
    assert torch.allclose(masked.of("audio", len(silence)), silence, atol=1e-5)
    black = random_model.frame_features(torch.zeros(1, 3, 256, 256))
    assert torch.equal(masked.of("video", 4), black.expand(4, -1))


@pytest.mark.parametrize("length", [1, 3, 100, 935])
def test_masked_sound_is_as_long_as_it_is_asked_for(random_model, length):
    assert len(MaskedFeatures(random_model).of("audio", length)) == length


def test_what_is_masked_is_encoded_without_dropout_and_changes_no_mode(build):
    model = build()
    expected = MaskedFeatures(model).of("text", 4)
    parts = trained_parts(model, ("text",)).train()
    assert torch.equal(MaskedFeatures(model).of("text", 4), expected)
    assert all(module.training for module in parts.modules())
    assert not any(module.training for module in model.fabnet.modules())


def test_beside_a_tuned_encoder_fusion_is_trained_with_dropout(build, encode, sources, log):
    model, modes = build(), []
    model.head.register_forward_pre_hook(lambda head, _: modes.append((head.training, model.audio.dropout.training)))
    found = encode(sources, {m: MemoryStore() for m in MODALITIES}).clips
    options = FusionTraining(Schedule(1, 2, 1e-3), Loss("softmax"), 0, tuned=("text",), modality_dropout=0.5)
    train_fusion(model, found, found, options, log)
    # Two steps, and then the validation.
    assert modes == [(True, True), (True, True), (False, False)]
    assert not any(module.training for module in model.modules())
