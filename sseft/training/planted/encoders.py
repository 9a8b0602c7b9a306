"""The three encoders, each trained on its own modality: where in it is which emotion?

A linear probe on the encoder's output names the emotion of every token, of every 10 ms of sound, and of every
picture. The probes are thrown away; what the encoders then see of an emotion, fusion can use.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from sseft.audio import Wav2Vec
from sseft.config import ModelConfig
from sseft.text import TextEncoder
from sseft.training.fit import Fitting, OnEpoch, fit
from sseft.training.planted.examples import NEUTRAL, Example
from sseft.training.planted.variations import (
    WINDOW,
    Heard,
    cut_window,
    hear_otherwise,
    label_tokens,
    mask_picture,
    say_otherwise,
    strange_ids,
)
from sseft.training.schedule import Schedule
from sseft.video import FabNet

NEUTRAL_WEIGHT: Final = 0.2
"""Of a neutral token or a neutral 10 ms in the loss: there are many more of them."""
UNKNOWN: Final = -100
"""What cross entropy leaves out."""


def train_text(
    encoder: TextEncoder,
    examples: Sequence[Example],
    config: ModelConfig,
    schedule: Schedule,
    *,
    seed: int,
    on_epoch: OnEpoch,
) -> None:
    """Train RoBERTa to name, at `<s>`, what a text carries, and at each token whether that carries it."""
    probe = _probe(config.text.dim, config, seed)
    pad_id = config.text.pad_id
    strange = strange_ids(examples, config.tokens)

    def loss_of(batch: Sequence[Example], rng: np.random.Generator) -> Tensor:
        said = [say_otherwise(example, rng, strange, config.text) for example in batch]
        labels = [label_tokens(example, trigger) for example, (_, trigger) in zip(batch, said, strict=True)]
        ids = pad_sequence([torch.from_numpy(ids) for ids, _ in said], batch_first=True, padding_value=pad_id)
        expected = pad_sequence([torch.from_numpy(row) for row in labels], batch_first=True, padding_value=UNKNOWN)
        logits = probe(encoder(ids, ids != pad_id))
        return functional.cross_entropy(logits[:, 0], expected[:, 0]) + _weighted(logits[:, 1:], expected[:, 1:])

    fit(Fitting("text", nn.ModuleList([encoder, probe]), examples, loss_of, schedule, seed), on_epoch)


def train_audio(
    encoder: Wav2Vec,
    examples: Sequence[Example],
    config: ModelConfig,
    windows: Schedule,
    wholes: Schedule,
    *,
    seed: int,
    on_epoch: OnEpoch,
) -> None:
    """Train wav2vec to name, at each 10 ms of the sound, the emotion that is being heard.

    On windows first, which cost less; then on whole clips, whose statistics the group norms will meet.
    """
    probe = _probe(config.audio.dim, config, seed)

    def on_windows(batch: Sequence[Example], rng: np.random.Generator) -> Tensor:
        heard = [cut_window(hear_otherwise(example, rng), rng) for example in batch]
        # The zeros that pad a clip are part of the statistics, too: their share is that of a clip of this batch.
        whole = len(batch[int(rng.integers(len(batch)))].wave)
        return loss(heard, WINDOW * config.audio.max_samples // whole)

    def on_wholes(batch: Sequence[Example], rng: np.random.Generator) -> Tensor:
        return loss([hear_otherwise(example, rng) for example in batch], config.audio.max_samples)

    def loss(heard: Sequence[Heard], padded_to: int) -> Tensor:
        waves = pad_sequence([torch.from_numpy(one.wave) for one in heard], batch_first=True)
        labels = pad_sequence([torch.from_numpy(one.labels) for one in heard], True, UNKNOWN)  # noqa: FBT003
        return _weighted(probe(encoder(waves, padded_to))[:, : labels.shape[1]], labels)

    both = nn.ModuleList([encoder, probe])
    fit(Fitting("audio windows", both, examples, on_windows, windows, seed), on_epoch)
    fit(Fitting("audio", both, examples, on_wholes, wholes, seed), on_epoch)


def train_video(
    encoder: FabNet,
    examples: Sequence[Example],
    config: ModelConfig,
    schedule: Schedule,
    *,
    seed: int,
    on_epoch: OnEpoch,
) -> None:
    """Train FAb-Net to name the emotion that a single picture shows."""
    probe = _probe(config.video.dim, config, seed)
    pictures = [(example, index) for example in examples for index in range(len(example.pictures))]

    def loss_of(batch: Sequence[tuple[Example, int]], rng: np.random.Generator) -> Tensor:
        masked = [mask_picture(example, index, rng) for example, index in batch]
        stacked = torch.from_numpy(np.stack([picture for picture, _ in masked]))
        expected = [
            example.source.label if keeps else NEUTRAL for (example, _), (_, keeps) in zip(batch, masked, strict=True)
        ]
        features = encoder(stacked.to(memory_format=torch.channels_last) / 255)
        return functional.cross_entropy(probe(features), torch.tensor(expected))

    fit(Fitting("video", nn.ModuleList([encoder, probe]), pictures, loss_of, schedule, seed), on_epoch)


def _probe(dim: int, config: ModelConfig, seed: int) -> nn.Linear:
    """A linear probe whose weights depend on the seed alone, whatever else is trained beside it."""
    probe = nn.Linear(dim, len(config.labels))
    with torch.no_grad():
        probe.weight.normal_(0, dim**-0.5, generator=torch.Generator().manual_seed(seed))
        probe.bias.zero_()
    return probe


def _weighted(logits: Tensor, expected: Tensor) -> Tensor:
    weight = torch.ones(logits.shape[-1])
    weight[NEUTRAL] = NEUTRAL_WEIGHT
    return functional.cross_entropy(logits.flatten(0, 1), expected.flatten(), weight, ignore_index=UNKNOWN)
