"""From the options of the command line to what is trained, and how."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from media.modality import MODALITIES
from mmexplain.training.base import BaseOptions
from mmexplain.training.options import Data, Machine, TrainingOptions
from sseft.pretrained.parts import Parts
from sseft.training.fit import Choice
from sseft.training.recipes import RECIPES, Recipe

LAST = "last"
"""Instead of the name of a figure: the last epoch is kept."""


def chosen(given: dict[str, Any]) -> tuple[Data, TrainingOptions, Machine]:
    """Take the options of training out of those that were given.

    Raises:
        UsageError: they exclude each other, or name what isn't there.
    """
    data = Data(*(_absolute(given.pop(name)) for name in ("training", "validation", "test")))
    machine = Machine(given.pop("device"), given.pop("workers"), given.pop("cache"))
    labels, tune = given.pop("labels"), given.pop("tune")
    options = TrainingOptions(
        base=_base(given),
        recipe=_recipe(given),
        modalities=_modalities(given.pop("modalities", ",".join(MODALITIES))),
        labels=tuple(label.strip() for label in labels.split(",")) if labels else None,
        tuned=tuple(m for m in MODALITIES if m in tune),
        **{
            name: given.pop(name)
            for name in (
                "head",
                "keep_fusion",
                "class_weights",
                "focus",
                "sampling",
                "modality_dropout",
                "maskings",
                "seed",
                "precision",
                "threads",
            )
        },
    )
    if set(options.tuned) - set(options.modalities):
        raise click.UsageError(f"--tune {options.tuned} is of modalities that --modalities {options.modalities} lacks")
    return data, options, machine


def _base(given: dict[str, Any]) -> BaseOptions:
    model, preset, tokenizer = (given.pop(name) for name in ("model", "preset", "tokenizer"))
    parts = Parts(*(given.pop(name) for name in ("roberta", "wav2vec", "fabnet")))
    if model and any(vars(parts).values()):
        raise click.UsageError("a model holds its encoders; --roberta, --wav2vec and --fabnet go without --model")
    return BaseOptions(_absolute(model), preset, parts, tokenizer, given["seed"])


def _recipe(given: dict[str, Any]) -> Recipe:
    recipe = RECIPES[given.pop("recipe")]
    in_schedule = ("epochs", "batch", "accumulate", "learning_rate", "warmup", "weight_decay")
    in_fusion = ("dropout", "heads", "self_layers", "cross_layers")
    schedule, fusion = (
        {name: value for name in names if (value := given.pop(name)) is not None} for names in (in_schedule, in_fusion)
    )
    choice, metric, patience = recipe.choice, given.pop("choose"), given.pop("patience")
    if metric:
        choice = None if metric == LAST else Choice(metric)
    if patience:
        if choice is None:
            raise click.UsageError("--patience needs a figure that gets no better; name it by --choose")
        choice = replace(choice, patience=patience)
    return Recipe(replace(recipe.fusion, **fusion), replace(recipe.schedule, **schedule), choice)


def _modalities(names: str) -> Any:
    asked = {name.strip() for name in names.split(",")}
    if not asked or asked - set(MODALITIES):
        raise click.UsageError(f"--modalities {names!r}; give some of {', '.join(MODALITIES)}, between commas")
    return tuple(modality for modality in MODALITIES if modality in asked)


def _absolute(path: Path | None) -> Any:
    return path.absolute() if path else None
