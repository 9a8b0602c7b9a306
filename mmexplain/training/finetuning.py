"""The verb `train`: how a training goes, from labelled collections to a model and its figures."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from batcher.collection import CollectionError
from batcher.collection.census import Census
from export.artefact import TOKENIZER
from media.modality import Modality
from mmexplain.training.base import Base, open_base
from mmexplain.training.log import Log
from mmexplain.training.options import Data, Machine, TrainingError, TrainingOptions, described
from mmexplain.training.outputs import (
    FIGURES,
    MODEL,
    PREDICTIONS,
    STATE,
    claim,
    write_figures,
    write_predictions,
)
from mmexplain.training.split import Split, label_name, planted, read_split, with_sources
from report.evaluation.evaluate import Evaluation, evaluate, figures_of
from report.evaluation.predictions import Predictions
from sseft.config import LABELS, ModelConfig
from sseft.heads import values_of
from sseft.model import SSEFT
from sseft.saved import save_model
from sseft.training.clips import TrainingClip, encode_sources
from sseft.training.encoders import Encoders
from sseft.training.fit import Epoch
from sseft.training.fusion import FusionTraining, predict, renewed, train_fusion
from sseft.training.initial import fresh_fusion
from sseft.training.loss import Loss, balanced_weights
from sseft.training.planted.accuracy import Accuracy, accuracies
from sseft.training.planted.examples import PlantedSource
from sseft.training.planted.views import masked_clips
from sseft.training.progress import ProgressFile
from sseft.training.store import FeatureStore, digest_of, store_in


@dataclass(frozen=True)
class Tell:
    """Who hears of what happens."""

    epoch: Callable[[Epoch], None]
    splits: Callable[[dict[str, Census]], None]
    """What there is to train on, before it is."""
    left_out: Callable[[str, dict[str, str]], None]
    """Of a split, why segments aren't used, by their id."""
    encoding: Callable[[], None] = lambda: None
    """A clip was encoded, or was already."""


TEST: Final = "test"
TRAINING: Final = "training"
VALIDATION: Final = "validation"


@dataclass(frozen=True)
class Trained:
    """A model, and how good it is."""

    model: Path
    evaluations: dict[str, Evaluation]
    """On the validation and, where there is one, the test split."""
    by_trigger: tuple[Accuracy, ...] = ()
    """On the test split of planted clips."""


def finetune(data: Data, out: Path, options: TrainingOptions, machine: Machine, tell: Tell) -> Trained:
    """Train a model, and write it, its tokenizer, its log, its figures and its predictions.

    Run again with the same arguments, it goes on after the last whole epoch.

    Args:
        data: the collections.
        out: a folder, made if it isn't there.
        options: what the model depends on.
        machine: what it doesn't.
        tell: who hears of it.

    Raises:
        CollectionError: a collection can't be read, or a row has no label of the model's.
        MediaError, ArtefactError, CheckpointError: the base, or its tokenizer, can't be read.
        TrainingError: `out` holds another training, or options exclude each other.
    """
    started = time.perf_counter()
    random = options.base.random_of([m for m in options.modalities if m not in options.tuned])
    if random:
        raise TrainingError(
            f"encoders that know nothing would be frozen: name them by {', '.join(random)}, "
            "take those of a --model, or --tune them"
        )
    torch.set_num_threads(options.threads)
    splits = _read(data, options)
    tell.splits({name: split.census for name, split in splits.items()})
    base = open_base(options.base, splits[TRAINING].texts)
    model = start_model(base, options)
    goes_on = claim(out, described(data, options))
    splits = {
        name: with_sources(split, model.config, base.tokenizer, learnt_from=name == TRAINING)
        for name, split in splits.items()
    }
    model.to(machine.device)
    clips, unreadable = _clips(model, splits, options, machine, tell)
    log = Log(out, goes_on=goes_on)

    def note(epoch: Epoch) -> None:
        log.append(epoch)
        tell.epoch(epoch)

    train_fusion(
        model,
        clips[TRAINING],
        clips[VALIDATION],
        _how(model.config, clips[TRAINING], options, machine),
        note,
        ProgressFile(out / STATE),
    )
    if base.tokenizer:
        base.tokenizer.save(str(out / TOKENIZER))
    trained = _evaluated(model, {name: clips[name] for name in clips if name != TRAINING}, options, machine, out)
    save_model(model.cpu(), out / MODEL)
    figures = _figures(trained, splits, unreadable) | {"options": described(data, options)}
    write_figures(out / FIGURES, figures, seconds=time.perf_counter() - started)
    with suppress(FileNotFoundError):
        (out / STATE).unlink()
    return trained


def start_model(base: Base, options: TrainingOptions) -> SSEFT:
    """The model as training begins.

    Raises:
        TrainingError: the base's own fusion is to be kept and isn't what is asked for, the base lacks a modality, or
            sizes don't fit.
    """
    config = base.model.config
    head = options.head or config.head
    labels = options.labels or (config.labels if head == config.head else LABELS[head])
    if options.keep_fusion:
        if (options.modalities, head, labels) != (config.modalities, config.head, config.labels):
            raise TrainingError(
                f"the base's fusion and head are of {config.modalities}, {config.head} and {config.labels}; "
                "leave --keep-fusion out to begin others"
            )
        return base.model
    try:
        return fresh_fusion(base.model, options.recipe.fusion, options.modalities, head, labels, options.seed)
    except ValueError as error:
        raise TrainingError(str(error)) from error


def _read(data: Data, options: TrainingOptions) -> dict[str, Split]:
    needs_media = options.modalities != ("text",)
    paths = {TRAINING: data.training, VALIDATION: data.validation}
    if data.test:
        paths[TEST] = data.test
    return {name: read_split(path, needs_media=needs_media) for name, path in paths.items()}


def _clips(
    model: SSEFT, splits: dict[str, Split], options: TrainingOptions, machine: Machine, tell: Tell
) -> tuple[dict[str, Sequence[TrainingClip]], dict[str, dict[str, str]]]:
    """The clips of each split with their features, and why others have none."""
    encoders = Encoders(model.eval(), options.modalities)
    stores: dict[Modality, FeatureStore] = {
        m: store_in(machine.cache, m, digest_of(part, encoders.preprocessing)) for m, part in encoders.parts.items()
    }
    clips: dict[str, Sequence[TrainingClip]] = {}
    unreadable: dict[str, dict[str, str]] = {}
    for name, split in splits.items():
        if options.maskings and name == TRAINING:
            those = planted(split.sources, "--maskings is for clips that `mmexplain corpus` made")
            clips[name] = masked_clips(model, those, seed=options.seed, workers=machine.workers)
            continue
        encoded = encode_sources(encoders, stores, split.sources, workers=machine.workers, on_clip=tell.encoding)
        clips[name], unreadable[name] = encoded.clips, encoded.unreadable
        tell.left_out(name, split.left_out | encoded.unreadable)
        if not encoded.clips:
            raise CollectionError(f"no segment of {split.collection} can be used; the reasons are above")
    return clips, unreadable


def _how(
    config: ModelConfig, clips: Sequence[TrainingClip], options: TrainingOptions, machine: Machine
) -> FusionTraining:
    if config.head != "softmax" and (options.class_weights != "none" or options.sampling != "natural"):
        raise TrainingError(f"class weights and sampling are of a softmax head, and this one is {config.head}")
    classes = [clip.source.label for clip in clips]
    weights = None
    if options.class_weights == "balanced":
        weights = balanced_weights([label for label in classes if isinstance(label, int)], len(config.labels))
    return FusionTraining(
        schedule=options.recipe.schedule,
        loss=Loss(config.head, weights, options.focus),
        seed=options.seed,
        sampling=options.sampling,
        modality_dropout=options.modality_dropout,
        tuned=options.tuned,
        choice=options.recipe.choice,
        precision=options.precision,
        workers=machine.workers,
    )


def _evaluated(
    model: SSEFT,
    clips: dict[str, Sequence[TrainingClip]],
    options: TrainingOptions,
    machine: Machine,
    out: Path,
) -> Trained:
    """Figures of the whole clips that weren't trained on; predictions are written of the last split."""
    evaluations: dict[str, Evaluation] = {}
    by_trigger: tuple[Accuracy, ...] = ()
    for name, those in clips.items():
        with renewed(model, options.tuned, machine.workers) as renew:
            values = values_of(predict(model, those, renew).numpy(), model.config.head)
        found = predictions_of(model.config, those, values)
        evaluations[name] = evaluate(found)
        rows = zip((clip.source.segment_id for clip in those), found.true, found.predicted, strict=True)
        write_predictions(out / PREDICTIONS, list(rows), values, model.config.labels)
        sources = [clip.source for clip in those if isinstance(clip.source, PlantedSource)]
        by_trigger = accuracies(values.argmax(-1), sources) if len(sources) == len(those) else ()
    return Trained(out / MODEL, evaluations, by_trigger)


def predictions_of(config: ModelConfig, clips: Sequence[TrainingClip], values: NDArray[np.float64]) -> Predictions:
    """What a model says of clips, beside what is true.

    Args:
        config: of the model.
        clips: S of them.
        values: [S, C].
    """
    return Predictions(
        head=config.head,
        labels=config.labels,
        true=tuple(label_name(clip.source.label, config) for clip in clips),
        predicted=tuple(config.labels[i] for i in values.argmax(-1)),
        values=values,
    )


def _figures(trained: Trained, splits: dict[str, Split], unreadable: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "figures": {name: figures_of(evaluation) for name, evaluation in trained.evaluations.items()},
        "accuracy by what carries the emotion": [asdict(row) for row in trained.by_trigger],
        "splits": {name: asdict(split.census) for name, split in splits.items()},
        "left out": {name: split.left_out | unreadable.get(name, {}) for name, split in splits.items()},
    }
