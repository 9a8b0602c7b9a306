"""The training of a model's encoders from nothing, on planted clips."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import torch

from sseft.audio import Wav2Vec
from sseft.config import ModelConfig
from sseft.model import SSEFT
from sseft.training.fit import OnEpoch
from sseft.training.planted.encoders import train_audio, train_text, train_video
from sseft.training.planted.examples import PlantedSource, read_examples
from sseft.training.schedule import Schedule


@dataclass(frozen=True)
class Pretraining:
    """Options of a training of encoders."""

    seed: int = 0
    pictures: int = 3
    """Kept of each clip for FAb-Net; as many again of those that show a trigger."""
    text: Schedule = field(default_factory=lambda: Schedule(epochs=20, batch=64, learning_rate=1e-3))
    windows: Schedule = field(default_factory=lambda: Schedule(epochs=10, batch=8, learning_rate=1.5e-3))
    """Of sound: before whole sounds, which are `audio`."""
    audio: Schedule = field(default_factory=lambda: Schedule(epochs=6, batch=8, learning_rate=7e-4))
    video: Schedule = field(default_factory=lambda: Schedule(epochs=12, batch=64, learning_rate=3e-3))


def pretrain(
    config: ModelConfig, clips: Sequence[PlantedSource], options: Pretraining, *, workers: int, on_epoch: OnEpoch
) -> SSEFT:
    """Train encoders.

    Every computation has one thread, so that it is the same wherever it is repeated; sound and picture are
    trained at the same time, and clips are decoded by several workers.

    Args:
        config: the dimensions of the model.
        clips: planted clips.
        options: how.
        workers: threads that decode.
        on_epoch: told about each epoch; called from several threads.

    Returns:
        The model in eval mode; its fusion and its head are as PyTorch starts them.

    Raises:
        MediaError: a clip can't be read.
    """
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    model = SSEFT(config)
    if not isinstance(model.wav2vec, Wav2Vec):
        raise TypeError("wav2vec 2.0 can't be trained from nothing; take a wav2vec 1.0, or pretrained encoders")
    seed = options.seed
    examples = read_examples(clips, config.preprocessing, pictures=options.pictures, seed=seed, workers=workers)
    train_text(model.text, examples, config, options.text, seed=seed, on_epoch=on_epoch)
    audio = partial(train_audio, model.wav2vec, examples, config, options.windows, options.audio)
    video = partial(train_video, model.fabnet, examples, config, options.video)
    # Together: neither draws from torch's generator.
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for stage in [pool.submit(encoder, seed=seed, on_epoch=on_epoch) for encoder in (audio, video)]:
            stage.result()
    return model.eval()
