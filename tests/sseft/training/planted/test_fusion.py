import numpy as np
import pytest
import torch

from media.modality import MODALITIES
from sseft.training.fusion import FusionTraining, predict, train_fusion
from sseft.training.loss import Loss
from sseft.training.planted.views import MaskedClip, Views
from sseft.training.schedule import Schedule

SOFTMAX = Loss("softmax")


@pytest.fixture
def clips(sources, config):
    """Clips of the four sources in turn, of other lengths each: noise, and at their label where they carry it more."""

    def build(number, seed=0):
        rng = np.random.default_rng(seed)

        def draw(source):
            lengths = dict(zip(MODALITIES, rng.integers(1, 12, 3), strict=True))
            features = {m: rng.normal(0, 1, (lengths[m], config.dim(m))).astype(np.float32) for m in MODALITIES}
            carriers = source.trigger.carriers
            encoded = {}
            for modality, noise in features.items():
                plant = np.zeros_like(noise)
                plant[:, source.label] = 5 * (modality in carriers)
                maskings = (torch.from_numpy(noise + plant), torch.from_numpy(noise))
                encoded[modality] = Views(maskings, (modality in carriers, False))
            return MaskedClip(
                source=source,
                encoded=encoded,
                shown=np.full(lengths["video"], "video" in carriers),
                black=torch.zeros(config.video.dim),
            )

        return [draw(source) for source in (sources * number)[:number]]

    return build


@torch.no_grad()
def predicted_alone(model, clip):
    """The label of a clip that was never padded."""
    text, audio, video = (clip.encoded[m].features[0][None] for m in MODALITIES)
    logits = model({"text": text, "audio": model.audio(audio), "video": model.encode_video(video)})
    return int(logits[0, 0, 0].argmax())


@pytest.mark.parametrize("batch", [3, 64])
def test_clips_of_any_length_are_predicted_as_each_is_alone(random_model, clips, batch, monkeypatch):
    found = clips(40)
    expected = [predicted_alone(random_model, clip) for clip in found]
    assert len(set(expected)) > 3
    monkeypatch.setattr("sseft.training.fusion.PREDICTED_AT_A_TIME", batch)
    assert predict(random_model, found).argmax(-1).tolist() == expected


def test_fusion_learns_and_leaves_the_encoders_as_they_are(build, clips, log):
    model = build()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    unseen = clips(40, seed=1)
    train_fusion(model, clips(64), unseen, FusionTraining(Schedule(8, 8, 3e-3), SOFTMAX, 0), log)
    assert log.falls < 0.5
    changed = {
        name.partition(".")[0] for name, value in model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed == {"audio", "video", "attention", "head"}
    assert not any(module.training for module in model.modules())
    right = predict(model, unseen).argmax(-1).numpy() == [clip.source.label for clip in unseen]
    assert right.mean() > 0.8


def test_every_epoch_tells_the_accuracy_on_the_other_clips(build, clips, log):
    model, seen = build(), []
    others = clips(12, seed=1)

    def measure(epoch):
        log(epoch)
        right = [predicted_alone(model, clip) == clip.source.label for clip in others]
        seen.append(sum(right) / 12)

    train_fusion(model, clips(32), others, FusionTraining(Schedule(4, 8, 3e-3), SOFTMAX, 0), measure)
    assert [epoch.validation["accuracy"] for epoch in log.epochs] == pytest.approx(seen)
    assert len(set(seen)) > 1
