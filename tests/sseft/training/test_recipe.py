from dataclasses import replace

import numpy as np
import pytest
import torch

from media import MediaError
from media.planted.trigger import AudioTrigger, TextTrigger, Trigger, VideoTrigger
from sseft.training.fit import Schedule
from sseft.training.recipe import Accuracy, Recipe, accuracies, train

TEXT, AUDIO, VIDEO = TextTrigger(0, 1), AudioTrigger(0.0, 1.0), VideoTrigger(0, 0, 0.0, 1.0)
SHORT = Schedule(epochs=1, batch=4, learning_rate=1e-3)
BESIDE = ("audio windows", "audio", "video")
"""Stages that take turns."""


@pytest.fixture
def learn(config, sources, log):
    """Trains a model on the four clips, one epoch each."""

    def run(held_out, workers=2):
        recipe = Recipe(seed=3, pictures=2, text=SHORT, windows=SHORT, audio=SHORT, video=SHORT, fusion=SHORT)
        return train(config, sources, held_out, recipe, workers=workers, on_epoch=log)

    return run


def test_accuracy_is_counted_by_what_carries_the_emotion(sources):
    clips = [
        (3, Trigger(TEXT, AUDIO, VIDEO), 3),
        (1, Trigger(video=VIDEO), 2),
        (2, Trigger(text=TEXT, video=VIDEO), 2),
        (4, Trigger(text=TEXT), 4),
        (0, Trigger(), 1),
        (5, Trigger(audio=AUDIO), 5),
        (6, Trigger(text=TEXT, audio=AUDIO), 0),
        (0, Trigger(), 0),
        (4, Trigger(text=TEXT), 0),
    ]
    held_out = [replace(sources[0], label=label, trigger=trigger) for label, trigger, _ in clips]
    predicted = np.array([predicted for _, _, predicted in clips])
    assert accuracies(predicted, held_out) == (
        Accuracy("all", 9, 5),
        Accuracy("neutral", 2, 1),
        Accuracy("only text", 2, 1),
        Accuracy("only audio", 1, 1),
        Accuracy("only video", 1, 0),
        Accuracy("two modalities", 2, 1),
        Accuracy("three modalities", 1, 1),
    )


def test_a_model_is_trained_from_nothing_and_tried_on_the_held_out_clips(learn, sources, config, log):
    trained = learn(sources[:3])
    assert trained.model.config == config
    assert not any(module.training for module in trained.model.modules())
    assert [epoch.stage for epoch in log.epochs if epoch.stage not in BESIDE] == ["text", "fusion"]
    assert sorted(epoch.stage for epoch in log.epochs if epoch.stage in BESIDE) == sorted(BESIDE)
    assert [(row.group, row.clips) for row in trained.figures] == [
        ("all", 3),
        ("only audio", 1),
        ("only video", 1),
        ("three modalities", 1),
    ]
    assert trained.figures[0].right == sum(row.right for row in trained.figures[1:])
    assert log.epochs[-1].accuracy == pytest.approx(trained.figures[0].right / 3)
    # Whatever else is held out, and however many threads read, the weights are the same.
    again = learn(sources[3:], workers=1)
    assert [(row.group, row.clips) for row in again.figures] == [("all", 1), ("neutral", 1)]
    weights, others = trained.model.state_dict(), again.model.state_dict()
    assert [name for name in weights if not torch.equal(weights[name], others[name])] == []


def test_a_clip_that_cannot_be_read_ends_the_training(config, sources, tmp_path, log):
    missing = replace(sources[0], path=tmp_path / "missing.mp4")
    with pytest.raises(MediaError, match=r"missing\.mp4"):
        train(config, [missing], sources[:1], Recipe(), workers=1, on_epoch=log)
    assert log.epochs == []
