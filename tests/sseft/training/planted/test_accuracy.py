from dataclasses import replace

import numpy as np

from media.planted.trigger import AudioTrigger, TextTrigger, Trigger, VideoTrigger
from sseft.training.planted.accuracy import Accuracy, accuracies

TEXT, AUDIO, VIDEO = TextTrigger(0, 1), AudioTrigger(0.0, 1.0), VideoTrigger(0, 0, 0.0, 1.0)


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
