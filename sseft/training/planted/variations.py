"""Other forms of a clip, whose label is as well known: masked, in other words, at another speed.

What masks leave without a trigger is a neutral clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.text import TextTokens
from sseft.config import TextConfig
from sseft.training.planted.examples import CELLS, NEUTRAL, Example, half_seconds
from sseft.training.planted.masking import draw_keep, kept

LONGEST_WORD: Final = 4
"""Tokens of a word that the vocabulary doesn't know."""
MOST_SPEED: Final = 1.2
"""Of a sound that is played faster."""
FRAME_SAMPLES: Final = 160
"""Samples per frame of wav2vec."""
HEARD_AFTER: Final = 10
"""Frames after which a causal encoder can know about a stretch of sound."""
WINDOW: Final = 24_000
"""Samples of a window: 1.5 s."""


def say_otherwise(
    example: Example, rng: np.random.Generator, strange: NDArray[np.int64], config: TextConfig
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A text as another one that carries the same: some of its tokens masked, others in other words.

    A token that carries nothing may be replaced by up to `LONGEST_WORD` random ones: so do words read that the
    vocabulary wasn't made from. Without this, every such word would carry some emotion. A text that would become
    longer than the encoder takes keeps its length.

    Returns:
        Token ids [L'], and which of them are the trigger [L'], none where it is masked.
    """
    keep = draw_keep(rng, example.tokens) | example.source.words.special
    replaced = (rng.random(len(keep)) < rng.random()) & ~example.tokens & ~example.source.words.special
    lengths = np.where(replaced, rng.integers(1, LONGEST_WORD + 1, len(keep)), 1)
    if lengths.sum() > config.max_tokens:
        lengths[:] = 1
    ids = np.repeat(example.source.words.ids, lengths)
    ids = np.where(np.repeat(replaced, lengths), rng.choice(strange, len(ids)), ids)
    keep = np.repeat(keep, lengths)
    trigger = np.repeat(example.tokens, lengths) & keep
    return np.where(keep, ids, config.mask_id), trigger


def strange_ids(examples: Sequence[Example], tokens: TextTokens) -> NDArray[np.int64]:
    """The ids of the vocabulary that no text uses to carry something, nor the model in a way of its own."""
    texts = [example.source.words for example in examples]
    carrying = [text.ids[example.tokens | text.special] for text, example in zip(texts, examples, strict=True)]
    used = np.unique(np.concatenate(carrying))
    special = (tokens.bos_id, tokens.pad_id, tokens.eos_id, tokens.mask_id)
    return np.setdiff1d(np.arange(tokens.vocab_size), [*used, *special])


def label_tokens(example: Example, trigger: NDArray[np.bool_]) -> NDArray[np.int64]:
    """What is to be seen at each token [L']: at the trigger its label, and at `<s>` that of the whole text."""
    labels = np.where(trigger, example.source.label, NEUTRAL)
    labels[0] = example.source.label if trigger.any() else NEUTRAL
    return labels


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
    """`WINDOW` samples, or all that there are, around a frame that isn't neutral where there is one."""
    frames = WINDOW // FRAME_SAMPLES
    told = np.flatnonzero(heard.labels != NEUTRAL)
    middle = int(rng.choice(told)) if len(told) else int(rng.integers(len(heard.labels)))
    at = int(np.clip(middle - rng.integers(frames), 0, max(0, len(heard.labels) - frames)))
    return Heard(heard.wave[at * FRAME_SAMPLES : (at + frames) * FRAME_SAMPLES], heard.labels[at : at + frames])


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
