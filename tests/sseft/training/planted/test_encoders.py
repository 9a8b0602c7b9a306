from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from sseft.training.planted import encoders
from sseft.training.planted.encoders import train_audio, train_text, train_video
from sseft.training.planted.variations import WINDOW
from sseft.training.schedule import Schedule


@pytest.fixture
def learn(examples, config, log):
    """Trains each encoder of a model a little."""

    def text(model, epochs):
        train_text(model.text, examples, config, Schedule(epochs, 4, 3e-3), seed=0, on_epoch=log)

    def audio(model, epochs):
        windows, wholes = Schedule(epochs, 4, 3e-3), Schedule(max(1, epochs // 2), 4, 1e-3)
        train_audio(model.wav2vec, examples, config, windows, wholes, seed=0, on_epoch=log)

    def video(model, epochs):
        train_video(model.fabnet, examples, config, Schedule(epochs, 8, 3e-3), seed=0, on_epoch=log)

    return {"text": text, "wav2vec": audio, "fabnet": video}


@pytest.mark.parametrize(
    ("part", "epochs", "stages"),
    [("text", 24, ["text"]), ("wav2vec", 8, ["audio windows", "audio"]), ("fabnet", 8, ["video"])],
)
def test_an_encoder_learns_alone_and_is_left_in_eval_mode(build, learn, log, part, epochs, stages):
    model = build().train()
    learn[part](model, epochs)
    assert list(dict.fromkeys(epoch.stage for epoch in log.epochs)) == stages
    assert log.falls < 0.6
    assert not any(module.training for module in getattr(model, part).modules())
    untouched = build()
    for name, value in model.state_dict().items():
        assert name.startswith(part) or torch.equal(value, untouched.state_dict()[name])


@pytest.mark.parametrize(
    ("part", "planted"), [("text", {"joy"}), ("wav2vec", {"joy", "fear"}), ("fabnet", {"joy", "disgust"})]
)
def test_an_encoder_learns_only_what_its_own_modality_carries(build, learn, config, monkeypatch, part, planted):
    expected = set()
    cross_entropy = encoders.functional.cross_entropy

    def watched(logits, labels, *more, **options):
        expected.update(labels.flatten().tolist())
        return cross_entropy(logits, labels, *more, **options)

    monkeypatch.setattr(encoders.functional, "cross_entropy", watched)
    learn[part](build(), 3)
    assert {config.labels[label] for label in expected - {encoders.UNKNOWN}} == planted | {"neutral"}


def test_windows_are_padded_by_the_share_of_zeros_that_a_whole_clip_is(build, learn, examples, config):
    model, seen = build(), set()
    model.wav2vec.register_forward_pre_hook(lambda _, given: seen.add((given[0].shape[1] == WINDOW, given[1])))
    learn["wav2vec"](model, 4)
    whole = config.audio.max_samples
    shares = {padded / WINDOW for is_window, padded in seen if is_window}
    assert len(shares) > 1
    assert all(min(abs(share * len(e.wave) / whole - 1) for e in examples) < 1e-4 for share in shares)
    assert {padded for is_window, padded in seen if not is_window} == {whole}


def test_sound_and_picture_learn_the_same_at_the_same_time_as_one_after_the_other(build, learn):
    alone, beside = build(), build()
    for part in ("wav2vec", "fabnet"):
        learn[part](alone, 1)
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(lambda part: learn[part](beside, 1), ("wav2vec", "fabnet")))
    before = build().state_dict()
    for name, value in alone.state_dict().items():
        assert torch.equal(value, beside.state_dict()[name]), name
    assert not torch.equal(before["wav2vec.extractor.0.conv.weight"], alone.wav2vec.extractor[0].conv.weight)
    assert not torch.equal(before["fabnet.0.weight"], alone.fabnet[0].weight)
