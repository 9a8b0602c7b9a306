"""The verb `export`: the only one that needs torch."""

from pathlib import Path

from export.artefact import Artefact, ArtefactError
from export.build import build_artefact
from export.parity import ParityError
from sseft.checkpoint import load_sseft
from sseft.config import PRESETS, headed
from sseft.heads import HeadKind
from sseft.model import SSEFT
from sseft.pickles import CheckpointError
from sseft.saved import is_saved, load_model
from sseft.untrained import untrained as random_model


def export_checkpoint(
    out: Path,
    checkpoint: Path,
    *,
    text_heads: int | None,
    labels: tuple[str, ...] | None,
    tokenizer: Path | None,
    head: HeadKind | None = None,
) -> Artefact:
    """An artefact of a checkpoint of the original code, or of a model that `train` wrote.

    Raises:
        ArtefactError: the checkpoint can't be read or has another head, the artefact can't be written, or the
            parity gate refused.
    """
    try:
        if is_saved(checkpoint):
            model = _headed(load_model(checkpoint), head, labels, checkpoint)
        else:
            model = load_sseft(checkpoint, text_heads=text_heads, labels=labels, head=head)
        provenance = f"checkpoint {checkpoint.name}"
        return build_artefact(model, out, provenance=provenance, trained=True, tokenizer=tokenizer)
    except (CheckpointError, ParityError) as error:
        raise ArtefactError(str(error)) from error


def _headed(model: SSEFT, head: HeadKind | None, labels: tuple[str, ...] | None, checkpoint: Path) -> SSEFT:
    """A model that `train` wrote, whose logits are read as another head's where one is named."""
    found = model.config.logits
    try:
        config = headed(model.config, head, labels)
    except ValueError as error:
        raise ArtefactError(f"{checkpoint}: {error}") from error
    if config.logits != found:
        raise ArtefactError(
            f"a {config.head} head of {len(config.labels)} labels needs {config.logits} logits; {checkpoint} has "
            f"{found}: name its labels, or leave its head as it is"
        )
    model.config = config
    return model


def export_untrained(
    out: Path,
    preset: str,
    *,
    seed: int,
    tokenizer: Path | None,
    head: HeadKind | None = None,
    labels: tuple[str, ...] | None = None,
) -> Artefact:
    """An artefact of random weights.

    Raises:
        ArtefactError: the head can't have these labels, the artefact can't be written, or the parity gate refused.
    """
    try:
        model = random_model(headed(PRESETS[preset](), head, labels), seed)
    except ValueError as error:
        raise ArtefactError(str(error)) from error
    provenance = f"untrained: random weights of the preset {preset}, seed {seed}"
    try:
        return build_artefact(model, out, provenance=provenance, trained=False, tokenizer=tokenizer)
    except ParityError as error:
        raise ArtefactError(str(error)) from error
