from dataclasses import replace

import pytest
import torch

from media import MediaError
from sseft.training.planted.pretraining import Pretraining, pretrain
from sseft.training.schedule import Schedule

SHORT = Schedule(epochs=1, batch=4, learning_rate=1e-3)
OPTIONS = Pretraining(seed=3, pictures=2, text=SHORT, windows=SHORT, audio=SHORT, video=SHORT)


def test_encoders_are_trained_from_nothing_the_same_whatever_reads_the_clips(config, sources, log):
    model = pretrain(config, sources, OPTIONS, workers=2, on_epoch=log)
    assert model.config == config
    assert not any(module.training for module in model.modules())
    # Sound and picture take turns.
    assert log.epochs[0].stage == "text"
    assert sorted(epoch.stage for epoch in log.epochs[1:]) == ["audio", "audio windows", "video"]
    again = pretrain(config, sources, OPTIONS, workers=1, on_epoch=log)
    weights, others = model.state_dict(), again.state_dict()
    assert [name for name in weights if not torch.equal(weights[name], others[name])] == []


def test_a_clip_that_cannot_be_read_ends_the_training(config, sources, tmp_path, log):
    missing = replace(sources[0], path=tmp_path / "missing.mp4")
    with pytest.raises(MediaError, match=r"missing\.mp4"):
        pretrain(config, [missing], OPTIONS, workers=1, on_epoch=log)
    assert log.epochs == []
