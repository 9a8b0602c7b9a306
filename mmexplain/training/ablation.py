"""The verb `ablate`: one model for each subset of the modalities, and beside them what the full one decides by."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from batcher.run import Run, explain_collection
from batcher.selection import Selection
from batcher.store.result import load_result
from export.artefact import TOKENIZER
from media.modality import MODALITIES, Modality
from mmexplain.exporting import Unrecorded, export_checkpoint
from mmexplain.training.finetuning import TEST, VALIDATION, Tell, finetune
from mmexplain.training.options import Data, Machine, TrainingOptions, described
from mmexplain.training.outputs import FIGURES, MODEL, is_trained, write_json
from report.collection.summarise import summarise
from report.collection.summary import Mean

SUBSETS: Final[tuple[tuple[Modality, ...], ...]] = tuple(
    subset for size in range(1, len(MODALITIES) + 1) for subset in combinations(MODALITIES, size)
)
"""Each modality, each pair, all."""
ARTEFACT: Final = "artefact"
RESULT: Final = "result"
TABLE: Final = "ablation.json"


@dataclass(frozen=True)
class Variant:
    """A model of some modalities."""

    modalities: tuple[Modality, ...]
    figures: dict[str, Any]
    """On the test split, or where there is none the validation split: numbers, or value, low and high."""


@dataclass(frozen=True)
class Ablation:
    """What each subset of the modalities is good for, and what the model of all makes of them."""

    split: str
    """On which figures are measured."""
    variants: tuple[Variant, ...]
    shares: dict[Modality, Mean]
    """T-, A- and V-SHAP of the full model: means over the segments that were explained."""
    explained: int


def ablate(
    data: Data,
    out: Path,
    options: TrainingOptions,
    machine: Machine,
    tell: Tell,
    *,
    limit: int | None,
    on_variant: Callable[[str], None],
) -> Ablation:
    """Train and evaluate a model of every subset, and explain the full one's predictions.

    What was finished before it was interrupted isn't trained again; encoders see each segment once.

    Args:
        data: the collections.
        out: a folder, of which each variant gets one.
        options: of every variant; encoders are tuned where a variant has them.
        machine: where they are trained. Without a cache, features are kept in `out`.
        tell: who hears of each training.
        limit: segments that are explained; None: all.
        on_variant: told the name of each before it is trained.

    Raises:
        TrainingError: a variant's folder holds another training.
        CollectionError, MediaError, ArtefactError, CheckpointError: as `finetune` raises them.
    """
    machine = replace(machine, cache=machine.cache or out / "features")
    split = TEST if data.test else VALIDATION
    variants = []
    for subset in SUBSETS:
        folder = out / name_of(subset)
        tuned = tuple(m for m in options.tuned if m in subset)
        own = replace(options, modalities=subset, tuned=tuned)
        on_variant(name_of(subset))
        if not is_trained(folder, described(data, own)):
            finetune(data, folder, own, machine, tell)
        figures = json.loads((folder / FIGURES).read_text(encoding="utf-8"))["figures"][split]
        variants.append(Variant(subset, figures))
    collection = data.test or data.validation
    shares, explained = explained_shares(collection, out / name_of(MODALITIES), out, limit, machine.workers)
    ablation = Ablation(split, tuple(variants), shares, explained)
    write_json(out / TABLE, _described(ablation))
    return ablation


def name_of(subset: tuple[Modality, ...]) -> str:
    """A variant's folder."""
    return "+".join(subset)


def explained_shares(
    collection: Path, model: Path, out: Path, limit: int | None, workers: int
) -> tuple[dict[Modality, Mean], int]:
    """What a model decides by: T-, A- and V-SHAP of its predictions.

    Args:
        collection: what it is asked about.
        model: the folder that `finetune` wrote.
        out: where its artefact and the result are put.
        limit: segments that are explained; None: all.
        workers: processes that explain.

    Returns:
        Mean shares, and how many segments were explained.
    """
    tokenizer = model / TOKENIZER
    artefact = out / ARTEFACT
    if not (artefact / "artefact.json").exists():
        export_checkpoint(artefact, model / MODEL, Unrecorded(tokenizer=tokenizer if tokenizer.exists() else None))
    run = Run(collection, artefact, out / RESULT, selection=Selection(limit=limit), workers=workers)
    explain_collection(run, lambda _: None)
    summary = summarise(load_result(out / RESULT))
    shares = next((dict(group.shares) for group in summary.groups if group.kind == "all"), {})
    return shares, summary.explained


def _described(ablation: Ablation) -> dict[str, Any]:
    return {
        "split": ablation.split,
        "variants": {name_of(variant.modalities): variant.figures for variant in ablation.variants},
        "shares": {modality: vars(mean) for modality, mean in ablation.shares.items()},
        "explained": ablation.explained,
    }
