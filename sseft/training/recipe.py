"""The whole training of a model from nothing: the encoders, their features, then fusion and head."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from sseft.audio import Wav2Vec
from sseft.config import ModelConfig
from sseft.model import SSEFT
from sseft.training.encoders import train_audio, train_text, train_video
from sseft.training.examples import Example, Source, read_examples
from sseft.training.features import MASKINGS, WHOLE_ONLY, encode_all
from sseft.training.fit import OnEpoch, Schedule
from sseft.training.fusion import predict, train_fusion


@dataclass(frozen=True)
class Recipe:
    """Options of a training."""

    seed: int = 0
    pictures: int = 3
    """Kept of each clip for FAb-Net; as many again of those that show a trigger."""
    text: Schedule = field(default_factory=lambda: Schedule(epochs=20, batch=64, learning_rate=1e-3))
    windows: Schedule = field(default_factory=lambda: Schedule(epochs=10, batch=8, learning_rate=1.5e-3))
    """Of sound: before whole sounds, which are `audio`."""
    audio: Schedule = field(default_factory=lambda: Schedule(epochs=6, batch=8, learning_rate=7e-4))
    video: Schedule = field(default_factory=lambda: Schedule(epochs=12, batch=64, learning_rate=3e-3))
    fusion: Schedule = field(default_factory=lambda: Schedule(epochs=16, batch=64, learning_rate=2e-3))


@dataclass(frozen=True)
class Accuracy:
    """How many of a group of clips are predicted right."""

    group: str
    """What carries the emotion in them."""
    clips: int
    right: int


@dataclass(frozen=True)
class Trained:
    """A model, and how good it is on clips that it wasn't trained on."""

    model: SSEFT
    figures: tuple[Accuracy, ...]


def train(
    config: ModelConfig,
    training: Sequence[Source],
    held_out: Sequence[Source],
    recipe: Recipe,
    *,
    workers: int,
    on_epoch: OnEpoch,
) -> Trained:
    """Train a model.

    Every computation has one thread, so that it is the same wherever it is repeated; sound and picture are
    trained at the same time, and clips are decoded and encoded by several workers.

    Args:
        config: its dimensions.
        training: planted clips.
        held_out: others, whose accuracy is reported; nothing is chosen by them.
        recipe: the options.
        workers: threads that decode and encode.
        on_epoch: told about each epoch; called from several threads.

    Returns:
        The model in eval mode, and its accuracy by what carries the emotion.

    Raises:
        MediaError: a clip can't be read.
    """
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    model = SSEFT(config)
    examples = read_examples(
        training, config.preprocessing, pictures=recipe.pictures, seed=recipe.seed, workers=workers
    )
    # Of clips that are only asked about, no picture is kept.
    unseen = read_examples(held_out, config.preprocessing, pictures=0, seed=recipe.seed, workers=workers)
    _train_encoders(model, examples, recipe, on_epoch)
    features = encode_all(model, examples, MASKINGS, seed=recipe.seed, workers=workers)
    others = encode_all(model, unseen, WHOLE_ONLY, seed=recipe.seed, workers=workers)
    train_fusion(model, features, others, recipe.fusion, seed=recipe.seed, on_epoch=on_epoch)
    return Trained(model.eval(), accuracies(predict(model, others), held_out))


def _train_encoders(model: SSEFT, examples: Sequence[Example], recipe: Recipe, on_epoch: OnEpoch) -> None:
    """One after the other, but sound and picture together: neither draws from torch's generator."""
    config, seed = model.config, recipe.seed
    if not isinstance(model.wav2vec, Wav2Vec):
        raise TypeError("wav2vec 2.0 can't be trained from nothing; take a wav2vec 1.0, or pretrained encoders")
    train_text(model.text, examples, config, recipe.text, seed=seed, on_epoch=on_epoch)
    audio = partial(train_audio, model.wav2vec, examples, config, recipe.windows, recipe.audio)
    video = partial(train_video, model.fabnet, examples, config, recipe.video)
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for stage in [pool.submit(encoder, seed=seed, on_epoch=on_epoch) for encoder in (audio, video)]:
            stage.result()


def accuracies(predicted: NDArray[np.int64], clips: Sequence[Source]) -> tuple[Accuracy, ...]:
    """Accuracy over all clips, and by what carries their emotion.

    Args:
        predicted: int64 [clips], indices of labels.
        clips: what they are of.
    """
    right = predicted == np.array([clip.label for clip in clips])
    groups: dict[str, list[bool]] = {"all": right.tolist()}
    for clip, is_right in sorted(zip(clips, right.tolist(), strict=True), key=lambda one: one[0].trigger.order):
        groups.setdefault(clip.trigger.carried_by, []).append(is_right)
    return tuple(Accuracy(name, len(group), sum(group)) for name, group in groups.items())
