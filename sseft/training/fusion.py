"""Fusion and head, trained on the features of the frozen encoders."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from media.modality import MODALITIES, Modality
from sseft.model import SSEFT
from sseft.training.features import Features
from sseft.training.fit import OnEpoch, Schedule, fit


def train_fusion(
    model: SSEFT,
    training: Sequence[Features],
    validation: Sequence[Features],
    schedule: Schedule,
    *,
    seed: int,
    on_epoch: OnEpoch,
) -> None:
    """Train what comes after the encoders, in place."""

    def loss_of(batch: Sequence[Features], rng: np.random.Generator) -> Tensor:
        drawn = [features.draw(rng) for features in batch]
        logits = _logits(model, [features for features, _ in drawn])
        return functional.cross_entropy(logits, torch.tensor([label for _, label in drawn]))

    def accuracy() -> float:
        return float(np.mean(predict(model, validation) == [features.source.label for features in validation]))

    torch.manual_seed(seed)  # of dropout, whatever was drawn before
    parts = nn.ModuleList([model.audio, model.video, model.attention, model.head])
    fit("fusion", parts, training, loss_of, schedule, seed=seed, on_epoch=on_epoch, accuracy_of=accuracy)


@torch.no_grad()
def predict(model: SSEFT, clips: Sequence[Features], batch: int = 64) -> NDArray[np.int64]:
    """Index of the label that the model sees in each whole clip: int64 [clips]."""
    wholes = [features.whole()[0] for features in clips]
    logits = [_logits(model, wholes[first : first + batch]) for first in range(0, len(wholes), batch)]
    predicted: NDArray[np.int64] = torch.cat(logits).argmax(-1).numpy()
    return predicted


def _logits(model: SSEFT, clips: Sequence[dict[Modality, Tensor]]) -> Tensor:
    """Logits [B, classes] of clips of different lengths."""
    features = {m: pad_sequence([clip[m] for clip in clips], batch_first=True) for m in MODALITIES}
    lengths = {m: torch.tensor([len(clip[m]) for clip in clips]) for m in MODALITIES}
    # CLS comes first: text has its own among its tokens.
    real = {m: _real(lengths[m] + (m != "text"), features[m].shape[1] + (m != "text")) for m in MODALITIES}
    encodings: dict[Modality, Tensor] = {
        "text": features["text"],
        "audio": model.audio(features["audio"], real["audio"]),
        "video": model.video(features["video"], real["video"]),
    }
    return model.aligned(encodings, real)


def _real(lengths: Tensor, longest: int) -> Tensor:
    return torch.arange(longest) < lengths[:, None]
