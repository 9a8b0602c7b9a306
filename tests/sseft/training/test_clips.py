from dataclasses import replace

import numpy as np
import pytest
import torch

from media.modality import MODALITIES
from sseft.training.clips import drop_modalities, encode_sources
from sseft.training.encoders import Encoders
from sseft.training.fusion import FusionTraining, absent_features, train_fusion, trained_parts
from sseft.training.loss import Loss
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
    absent = absent_features(random_model)
    assert {m: tuple(together[-1][m].shape) for m in MODALITIES} == {m: tuple(absent[m].shape) for m in MODALITIES}
    assert torch.allclose(together[-1]["text"], absent["text"], atol=1e-5)


def test_modality_dropout_takes_one_at_a_time_at_its_rate_and_never_the_last(random_model):
    absent = absent_features(random_model)
    whole = {m: torch.ones(5, absent[m].shape[1]) for m in MODALITIES}
    rng = np.random.default_rng(0)
    lost = []
    for _ in range(900):
        kept = drop_modalities(whole, absent, 0.6, rng)
        gone = [m for m in MODALITIES if len(kept[m]) == len(absent[m])]
        assert len(gone) <= 1
        lost += gone
    assert len(lost) / 900 == pytest.approx(0.6, abs=0.05)
    assert all(lost.count(m) / len(lost) == pytest.approx(1 / 3, abs=0.07) for m in MODALITIES)
    only = absent | {"audio": whole["audio"]}
    assert all(drop_modalities(only, absent, 1.0, rng) is only for _ in range(20))


def test_what_stands_in_for_the_absent_is_encoded_without_dropout_and_changes_no_mode(build):
    model = build()
    expected = absent_features(model)["text"]
    parts = trained_parts(model, ("text",)).train()
    assert torch.equal(absent_features(model)["text"], expected)
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
