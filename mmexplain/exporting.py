"""The verb `export`: a model to an artefact. Needs torch."""

from dataclasses import dataclass, replace
from pathlib import Path

from export.artefact import Artefact, ArtefactError, Precision
from export.build import build_artefact
from export.parity import ParityError
from sseft.checkpoint import load_sseft
from sseft.config import ModelConfig, headed
from sseft.heads import HeadKind
from sseft.model import SSEFT
from sseft.pickles import CheckpointError
from sseft.presets import PRESETS
from sseft.pretrained.parts import Parts, assemble
from sseft.saved import is_saved, load_model


@dataclass(frozen=True)
class Unrecorded:
    """What an artefact needs to know, and weights don't tell or tell wrongly."""

    text_heads: int | None = None
    """Attention heads of RoBERTa; None where its size tells."""
    head: HeadKind | None = None
    """None for the one that the checkpoint was trained with."""
    labels: tuple[str, ...] | None = None
    """None for the usual ones of the head."""
    tokenizer: Path | None = None
    """Without one, manifests bring token ids."""
    trailing_newline: bool = False
    """Whether a line's end followed every text in training."""

    def describe(self, config: ModelConfig) -> ModelConfig:
        """The configuration of a model with this head, these labels and these texts.

        Raises:
            ValueError: the head can't have these labels.
        """
        text = replace(config.text, trailing_newline=self.trailing_newline or config.text.trailing_newline)
        return headed(replace(config, text=text), self.head, self.labels)


def export_checkpoint(out: Path, checkpoint: Path, unrecorded: Unrecorded, precision: Precision = "fp32") -> Artefact:
    """An artefact of a checkpoint of the original code, or of a model that `train` wrote.

    Raises:
        ArtefactError: the checkpoint can't be read or has another head, the artefact can't be written, or the
            parity gate refused.
    """
    try:
        model = load_checkpoint(checkpoint, unrecorded)
    except CheckpointError as error:
        raise ArtefactError(str(error)) from error
    return _build(out, model, f"checkpoint {checkpoint.name}", unrecorded.tokenizer, precision, trained=True)


def load_checkpoint(checkpoint: Path, unrecorded: Unrecorded) -> SSEFT:
    """A model in eval mode, of the original code or of `train`.

    Raises:
        ArtefactError: it has another head.
        CheckpointError: it can't be read.
    """
    if is_saved(checkpoint):
        model = load_model(checkpoint)
    else:
        model = load_sseft(checkpoint, text_heads=unrecorded.text_heads, labels=unrecorded.labels, head=unrecorded.head)
    found = model.config.logits
    try:
        config = unrecorded.describe(model.config)
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
    unrecorded: Unrecorded,
    *,
    seed: int,
    parts: Parts,
    precision: Precision = "fp32",
) -> Artefact:
    """An artefact of random weights, its encoders' where no pretrained ones are given.

    Raises:
        ArtefactError: the head can't have these labels, an encoder can't be read, the artefact can't be written, or
            the parity gate refused.
        MediaError: an encoder's folder holds no tokenizer.
    """
    try:
        config = unrecorded.describe(PRESETS[preset]())
        model = assemble(config, parts, seed, text_heads=unrecorded.text_heads)
    except (CheckpointError, ValueError) as error:
        raise ArtefactError(str(error)) from error
    given = [f"{name} {path.resolve().name}" for name, path in vars(parts).items() if path]
    provenance = f"untrained: {', '.join((*given, 'random weights'))} of the preset {preset}, seed {seed}"
    return _build(out, model, provenance, unrecorded.tokenizer, precision, trained=False)


def _build(
    out: Path, model: SSEFT, provenance: str, tokenizer: Path | None, precision: Precision, *, trained: bool
) -> Artefact:
    try:
        return build_artefact(
            model, out, provenance=provenance, trained=trained, tokenizer=tokenizer, precision=precision
        )
    except (OSError, ParityError) as error:
        raise ArtefactError(str(error)) from error
