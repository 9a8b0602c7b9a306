"""Fusion and head, and encoders that are tuned along, trained on clips."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from media.modality import Modality
from sseft.model import SSEFT
from sseft.training.clips import TrainingClip, drop_modalities
from sseft.training.encoders import Encoders, Features
from sseft.training.figures import figures_of
from sseft.training.fit import Choice, Fitting, OnEpoch, Precision, Progress, fit
from sseft.training.loss import Loss
from sseft.training.masked import MaskedFeatures
from sseft.training.sampling import Sampling, draw_epoch
from sseft.training.schedule import Schedule
from sseft.training.source import Source

PREDICTED_AT_A_TIME: Final = 64
STAGE: Final = "fusion"


@dataclass(frozen=True)
class FusionTraining:
    """How what comes after the encoders is trained."""

    schedule: Schedule
    loss: Loss
    seed: int
    sampling: Sampling = "natural"
    modality_dropout: float = 0.0
    """Chance that one of a clip's modalities is masked, whenever it is drawn."""
    tuned: Collection[Modality] = ()
    """Whose encoders are trained along."""
    choice: Choice | None = None
    """Which epoch's weights are kept; None: the last one's."""
    precision: Precision = "fp32"
    workers: int = 1
    """Threads that decode the clips of tuned encoders."""


Renew = Callable[[Sequence[Source], list[dict[Modality, Tensor]]], list[dict[Modality, Tensor]]]
"""Puts what tuned encoders make of clips now in the place of the features that they were drawn with."""


def train_fusion(
    model: SSEFT,
    training: Sequence[TrainingClip],
    validation: Sequence[TrainingClip],
    options: FusionTraining,
    on_epoch: OnEpoch,
    progress: Progress | None = None,
) -> None:
    """Train what comes after the encoders, and the encoders that are tuned, in place.

    Args:
        model: on the device where it is to be trained.
        training: the clips to learn from.
        validation: others, on which figures are measured after each epoch.
        options: how.
        on_epoch: told about each epoch.
        progress: where the state is kept between epochs.
    """
    encoders = Encoders(model, options.tuned)
    untuned = MaskedFeatures(model)
    with renewed(model, options.tuned, options.workers) as renew:

        def loss_of(batch: Sequence[TrainingClip], rng: np.random.Generator) -> Tensor:
            encoders.train()
            drawn = [clip.draw(rng) for clip in batch]
            features = renew([clip.source for clip in batch], [found for found, _ in drawn])
            masked = MaskedFeatures(model) if options.tuned else untuned
            kept = [drop_modalities(found, masked, options.modality_dropout, rng) for found in features]
            return options.loss(logits_of(model, kept), [label for _, label in drawn])

        def validate() -> dict[str, float]:
            labels = [clip.source.label for clip in validation]
            return figures_of(model.config, predict(model, validation, renew), labels)

        torch.manual_seed(options.seed)  # of dropout, whatever was drawn before
        fitting = Fitting(
            stage=STAGE,
            module=trained_parts(model, options.tuned),
            items=training,
            loss_of=loss_of,
            schedule=options.schedule,
            seed=options.seed,
            draw=partial(draw_epoch, _classes(training, options.sampling), options.sampling),
            validate=validate if validation else None,
            choice=options.choice,
            precision=options.precision,
        )
        fit(fitting, on_epoch, progress)


def _classes(clips: Sequence[TrainingClip], sampling: Sampling) -> list[int]:
    """The classes by which an epoch is drawn.

    Raises:
        ValueError: the clips have none.
    """
    labels = [clip.source.label for clip in clips]
    if sampling != "natural" and not all(isinstance(label, int) for label in labels):
        raise ValueError(f"only clips of one class each can be {sampling}d; the label {labels[0]!r} is no class")
    return [label if isinstance(label, int) else 0 for label in labels]


def trained_parts(model: SSEFT, tuned: Collection[Modality] = ()) -> nn.ModuleList:
    """Everything but the frozen encoders."""
    sequences = [model.get_submodule(m) for m in ("audio", "video") if m in model.config.modalities]
    return nn.ModuleList([*sequences, model.attention, model.head, *Encoders(model, tuned).parts.values()])


@contextmanager
def renewed(model: SSEFT, tuned: Collection[Modality], workers: int) -> Iterator[Renew]:
    """What renews features by encoders that are tuned; clips are decoded on several threads meanwhile."""
    encoders = Encoders(model, tuned)
    with ThreadPoolExecutor(workers) as pool:

        def renew(sources: Sequence[Source], drawn: list[dict[Modality, Tensor]]) -> list[dict[Modality, Tensor]]:
            if not encoders.modalities:
                return drawn
            clips = list(pool.map(encoders.clip_of, sources))
            return [old | new for old, new in zip(drawn, encoders.encode(sources, clips), strict=True)]

        yield renew


@torch.no_grad()
def predict(model: SSEFT, clips: Sequence[TrainingClip], renew: Renew = lambda _, drawn: drawn) -> Tensor:
    """Logits of whole clips.

    Args:
        model: in eval mode.
        clips: S of them.
        renew: where encoders were tuned since the clips were encoded.

    Returns:
        float32 [S, logits], on the CPU.
    """
    logits = [torch.zeros(0, model.config.logits)]
    for first in range(0, len(clips), PREDICTED_AT_A_TIME):
        batch = clips[first : first + PREDICTED_AT_A_TIME]
        features = renew([clip.source for clip in batch], [clip.whole()[0] for clip in batch])
        logits.append(logits_of(model, features).float().cpu())
    return torch.cat(logits)


def logits_of(model: SSEFT, clips: Sequence[Features]) -> Tensor:
    """Logits [B, logits] of clips of different lengths, where the model is."""
    device = next(model.head.parameters()).device
    modalities = model.config.modalities
    features = {m: pad_sequence([clip[m] for clip in clips], batch_first=True).to(device) for m in modalities}
    lengths = {m: torch.tensor([len(clip[m]) for clip in clips], device=device) for m in modalities}
    # CLS comes first: text has its own among its tokens.
    real = {m: _real(lengths[m] + (m != "text"), features[m].shape[1] + (m != "text")) for m in modalities}
    encodings: dict[Modality, Tensor] = {}
    for m in modalities:
        encodings[m] = features[m] if m == "text" else model.get_submodule(m)(features[m], real[m])
    return model.aligned(encodings, real)


def _real(lengths: Tensor, longest: int) -> Tensor:
    return torch.arange(longest, device=lengths.device) < lengths[:, None]
