"""The three encoders, each trained on its own modality: where in it is which emotion?

A linear probe on the encoder's output names the emotion of every token, of every 10 ms of sound, and of every
picture. The probes are thrown away; what the encoders then see of an emotion, fusion can use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from media.text import TextTokens
from sseft.audio import Wav2Vec
from sseft.config import ModelConfig
from sseft.text import TextEncoder
from sseft.training.examples import CELLS, Example, half_seconds
from sseft.training.fit import OnEpoch, Schedule, fit
from sseft.training.masking import draw_keep, kept
from sseft.video import FabNet

NEUTRAL: Final = 0
NEUTRAL_WEIGHT: Final = 0.2
"""Of a neutral token or a neutral 10 ms in the loss: there are many more of them."""
FRAME_SAMPLES: Final = 160
"""Samples per frame of wav2vec."""
WINDOW: Final = 24_000
"""Samples of the sound in a batch: 1.5 s."""
MOST_SPEED: Final = 1.2
"""Of a window that is played faster."""
HEARD_AFTER: Final = 10
"""Frames after which a causal encoder can know about a stretch of sound."""
LONGEST_WORD: Final = 4
"""Tokens of a word that the vocabulary doesn't know."""
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
    strange = _strange_ids(examples, config.tokens)

    def loss_of(batch: Sequence[Example], rng: np.random.Generator) -> Tensor:
        said = [say_otherwise(example, rng, strange, config.text.mask_id) for example in batch]
        labels = [label_tokens(example, trigger) for example, (_, trigger) in zip(batch, said, strict=True)]
        ids = pad_sequence([torch.from_numpy(ids) for ids, _ in said], batch_first=True, padding_value=pad_id)
        expected = pad_sequence([torch.from_numpy(row) for row in labels], batch_first=True, padding_value=UNKNOWN)
        logits = probe(encoder(ids, ids != pad_id))
        return functional.cross_entropy(logits[:, 0], expected[:, 0]) + _weighted(logits[:, 1:], expected[:, 1:])

    fit("text", nn.ModuleList([encoder, probe]), examples, loss_of, schedule, seed=seed, on_epoch=on_epoch)


def label_tokens(example: Example, trigger: NDArray[np.bool_]) -> NDArray[np.int64]:
    """What is to be seen at each token [L']: at the trigger its label, and at `<s>` that of the whole text."""
    labels = np.where(trigger, example.source.label, NEUTRAL)
    labels[0] = example.source.label if trigger.any() else NEUTRAL
    return labels


def say_otherwise(
    example: Example, rng: np.random.Generator, strange: NDArray[np.int64], mask_id: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A text as another one that carries the same: some of its tokens masked, others in other words.

    A token that carries nothing may be replaced by up to `LONGEST_WORD` random ones: so do words read that the
    vocabulary wasn't made from. Without this, every such word would carry some emotion.

    Returns:
        Token ids [L'], and which of them are the trigger [L'], none where it is masked.
    """
    keep = draw_keep(rng, example.tokens) | example.source.text.special
    replaced = (rng.random(len(keep)) < rng.random()) & ~example.tokens & ~example.source.text.special
    lengths = np.where(replaced, rng.integers(1, LONGEST_WORD + 1, len(keep)), 1)
    ids = np.repeat(example.source.text.ids, lengths)
    ids = np.where(np.repeat(replaced, lengths), rng.choice(strange, len(ids)), ids)
    keep = np.repeat(keep, lengths)
    trigger = np.repeat(example.tokens, lengths) & keep
    return np.where(keep, ids, mask_id), trigger


def _strange_ids(examples: Sequence[Example], tokens: TextTokens) -> NDArray[np.int64]:
    """The ids of the vocabulary that no text uses to carry something, nor the model in a way of its own."""
    used = np.unique(
        np.concatenate([example.source.text.ids[example.tokens | example.source.text.special] for example in examples])
    )
    special = (tokens.bos_id, tokens.pad_id, tokens.eos_id, tokens.mask_id)
    return np.setdiff1d(np.arange(tokens.vocab_size), [*used, *special])


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
    fit("audio windows", both, examples, on_windows, windows, seed=seed, on_epoch=on_epoch)
    fit("audio", both, examples, on_wholes, wholes, seed=seed, on_epoch=on_epoch)


@dataclass(frozen=True)
class Heard:
    """A sound and what is to be heard in it."""

    wave: NDArray[np.float32]
    """[N]."""
    labels: NDArray[np.int64]
    """[N // 160]: the label at each frame."""


def hear_otherwise(example: Example, rng: np.random.Generator) -> Heard:
    """A sound with some half-seconds silent, played faster or slower, for more voices (Ko et al. 2015)."""
    wave = mask_sound(example, rng)
    speed = rng.uniform(1 / MOST_SPEED, MOST_SPEED)
    wave = np.interp(np.arange(0, len(wave) - 1, speed), np.arange(len(wave)), wave).astype(np.float32)
    first, last = (int(edge / speed) for edge in example.stretch)
    labels = np.full(len(wave) // FRAME_SAMPLES, NEUTRAL)
    if wave[first:last].any():
        labels[slice(*(edge // FRAME_SAMPLES + HEARD_AFTER for edge in (first, last)))] = example.source.label
    return Heard(wave, labels)


def cut_window(heard: Heard, rng: np.random.Generator) -> Heard:
    """`WINDOW` samples, around a frame that isn't neutral where there is one."""
    frames = WINDOW // FRAME_SAMPLES
    told = np.flatnonzero(heard.labels != NEUTRAL)
    middle = int(rng.choice(told)) if len(told) else int(rng.integers(len(heard.labels)))
    at = int(np.clip(middle - rng.integers(frames), 0, len(heard.labels) - frames))
    return Heard(heard.wave[at * FRAME_SAMPLES : (at + frames) * FRAME_SAMPLES], heard.labels[at : at + frames])


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

    fit("video", nn.ModuleList([encoder, probe]), pictures, loss_of, schedule, seed=seed, on_epoch=on_epoch)


def mask_sound(example: Example, rng: np.random.Generator) -> NDArray[np.float32]:
    """The wave [N] with some half-seconds silent; those of the trigger together or none."""
    parts = half_seconds(len(example.wave))
    trigger = np.zeros(parts[-1] + 1, dtype=bool)
    trigger[parts[slice(*example.stretch)]] = True
    return example.wave * draw_keep(rng, trigger)[parts]


def mask_picture(example: Example, index: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], bool]:
    """A picture [3, 256, 256] with some cells black, and whether it still shows the trigger."""
    keep, keeps = draw_cells(example, rng)
    return black_out(example.pictures[index], keep), keeps and bool(example.shown[index])


def draw_cells(example: Example, rng: np.random.Generator) -> tuple[NDArray[np.bool_], bool]:
    """Which cells [4, 4] are kept, and whether the trigger's is."""
    trigger = np.zeros((CELLS, CELLS), dtype=bool)
    where = example.source.trigger.video
    if where:
        trigger[where.row, where.column] = True
    keep = draw_keep(rng, trigger.ravel())
    return keep.reshape(CELLS, CELLS), kept(keep, trigger.ravel())


def black_out(pictures: NDArray[np.uint8], keep: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pictures [..., 3, S, S] with only the cells `keep` [4, 4] in them."""
    size = pictures.shape[-1] // CELLS
    return pictures * keep.repeat(size, 0).repeat(size, 1).view(np.uint8)


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
