"""The verb `train`: from two manifests of planted clips to a model, its figures and its log."""

import csv
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer

from batcher.collection import CollectionError, Segment, read_collection
from export.artefact import TOKENIZER
from media import tokenize
from media.planted.trigger import Trigger
from media.vocabulary import train_tokenizer
from sseft.config import ModelConfig
from sseft.presets import PRESETS
from sseft.saved import save_model
from sseft.training.examples import Source
from sseft.training.fit import Epoch
from sseft.training.recipe import Accuracy, Recipe, train

MODEL: Final = "model.pt"
FIGURES: Final = "figures.json"
LOG: Final = "log.csv"


def train_planted(
    training: Path,
    held_out: Path,
    out: Path,
    *,
    preset: str,
    recipe: Recipe,
    workers: int,
    on_epoch: Callable[[Epoch], None],
) -> tuple[Accuracy, ...]:
    """Train a model from nothing, and write `model.pt`, `tokenizer.json`, `figures.json` and `log.csv`.

    Args:
        training: a manifest of planted clips.
        held_out: one of others.
        out: a folder, made if it isn't there.
        preset: the model's size.
        recipe: how it is trained.
        workers: threads that decode.
        on_epoch: told about each epoch.

    Returns:
        Accuracy on the held-out clips.

    Raises:
        CollectionError: a manifest can't be read, or a row lacks its text, a known label or its trigger.
        CorpusError: a trigger isn't what `mmexplain corpus` writes.
        MediaError: a clip can't be read.
    """
    config = PRESETS[preset]()
    segments, others = (list(read_collection(manifest)) for manifest in (training, held_out))
    # The last id of the vocabulary is <mask>, which no text holds.
    tokenizer = train_tokenizer((segment.text or "" for segment in segments), size=config.text.mask_id)
    log = Log(out / LOG)

    def note(epoch: Epoch) -> None:
        log.append(epoch)
        on_epoch(epoch)

    started = time.perf_counter()
    trained = train(
        config,
        [_source(segment, tokenizer, config) for segment in segments],
        [_source(segment, tokenizer, config) for segment in others],
        recipe,
        workers=workers,
        on_epoch=note,
    )
    save_model(trained.model, out / MODEL)
    tokenizer.save(str(out / TOKENIZER))
    figures = {
        "preset": preset,
        "recipe": asdict(recipe),
        "clips": {"trained on": len(segments), "held out": len(others)},
        "accuracy on held-out clips": [asdict(row) for row in trained.figures],
        "seconds": round(time.perf_counter() - started),
    }
    _write_figures(figures, out / FIGURES)
    return trained.figures


def _source(segment: Segment, tokenizer: Tokenizer, config: ModelConfig) -> Source:
    if segment.label not in config.labels or "trigger" not in segment.extra:
        raise CollectionError(
            f"segment {segment.segment_id!r} has the label {segment.label!r} and "
            f"{'a' if 'trigger' in segment.extra else 'no'} column trigger; training from nothing needs one of "
            f"{config.labels} and to know what carries it: give a manifest that `mmexplain corpus` made"
        )
    text = tokenize(tokenizer, segment.text or "", config.tokens, config.text.max_tokens)
    if text is None:
        raise CollectionError(f"segment {segment.segment_id!r} has no text; leave it out")
    return Source(
        segment_id=segment.segment_id,
        path=segment.path,
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        text=text,
        label=config.labels.index(segment.label),
        trigger=Trigger.from_json(segment.extra["trigger"]),
    )


def _write_figures(figures: Mapping[str, object], path: Path) -> None:
    """What came of a training, and on what it ran."""
    machine = {"processors": os.cpu_count(), "torch": torch.__version__}
    path.write_text(json.dumps(dict(figures) | machine, indent=2) + "\n")


class Log:
    """A file of epochs, each in it as soon as it ends; the first makes the file, and its folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_made = False

    def append(self, epoch: Epoch) -> None:
        """Write one line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a" if self._is_made else "w", newline="") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Epoch)], lineterminator="\n")
            if not self._is_made:
                writer.writeheader()
            writer.writerow(asdict(epoch))
        self._is_made = True
