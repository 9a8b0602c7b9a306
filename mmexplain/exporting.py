"""The verb `export`: the only one that needs torch."""

from pathlib import Path

from export.artefact import Artefact, ArtefactError
from export.build import build_artefact
from export.parity import ParityError
from sseft.checkpoint import load_sseft
from sseft.config import PRESETS
from sseft.pickles import CheckpointError
from sseft.saved import is_saved, load_model
from sseft.untrained import untrained as random_model


def export_checkpoint(
    out: Path, checkpoint: Path, *, text_heads: int | None, labels: tuple[str, ...] | None, tokenizer: Path | None
) -> Artefact:
    """An artefact of a checkpoint of the original code, or of a model that `train` wrote.

    Raises:
        ArtefactError: the checkpoint can't be read, the artefact can't be written, or the parity gate refused.
    """
    try:
        ours = is_saved(checkpoint)
        model = load_model(checkpoint) if ours else load_sseft(checkpoint, text_heads=text_heads, labels=labels)
        provenance = f"checkpoint {checkpoint.name}"
        return build_artefact(model, out, provenance=provenance, trained=True, tokenizer=tokenizer)
    except (CheckpointError, ParityError) as error:
        raise ArtefactError(str(error)) from error


def export_untrained(out: Path, preset: str, *, seed: int, tokenizer: Path | None) -> Artefact:
    """An artefact of random weights.

    Raises:
        ArtefactError: the artefact can't be written, or the parity gate refused.
    """
    model = random_model(PRESETS[preset](), seed)
    provenance = f"untrained: random weights of the preset {preset}, seed {seed}"
    try:
        return build_artefact(model, out, provenance=provenance, trained=False, tokenizer=tokenizer)
    except ParityError as error:
        raise ArtefactError(str(error)) from error
