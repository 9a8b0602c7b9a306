"""What training starts from: a model with its encoders, and its tokenizer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

from export.artefact import TOKENIZER
from media import find_tokenizer
from media.modality import Modality
from media.vocabulary import train_tokenizer
from mmexplain.exporting import Unrecorded, load_checkpoint
from sseft.model import SSEFT
from sseft.presets import PRESETS
from sseft.pretrained.parts import Parts, assemble


@dataclass(frozen=True)
class BaseOptions:
    """Where the encoders come from."""

    model: Path | None = None
    """A checkpoint of the original code, or a model that `pretrain` or `train` wrote."""
    preset: str = "tiny"
    """Without a model: the sizes of what has no file."""
    parts: Parts = field(default_factory=Parts)
    """Without a model: pretrained encoders."""
    tokenizer: Path | None = None
    """Instead of the one that lies beside the model, or in RoBERTa's folder."""
    seed: int = 0
    """Of random weights."""

    def random_of(self, modalities: Collection[Modality]) -> list[str]:
        """The options that would name the encoders that know nothing yet, of some modalities."""
        if self.model:
            return []
        files = {"text": self.parts.roberta, "audio": self.parts.wav2vec, "video": self.parts.fabnet}
        options = {"text": "--roberta", "audio": "--wav2vec", "video": "--fabnet"}
        return [options[modality] for modality in modalities if files[modality] is None]


@dataclass(frozen=True)
class Base:
    """A model to train, in eval mode."""

    model: SSEFT
    tokenizer: Tokenizer | None


def open_base(options: BaseOptions, texts: Sequence[str]) -> Base:
    """Open it.

    Args:
        options: where it comes from.
        texts: from which the vocabulary of a text encoder that knows nothing yet is made.

    Raises:
        ArtefactError: the model can't be read.
        CheckpointError: an encoder can't be read.
        MediaError: a tokenizer can't be read.
    """
    if options.model:
        model = load_checkpoint(options.model, Unrecorded())
    else:
        model = assemble(PRESETS[options.preset](), options.parts, options.seed)
    found = _tokenizer_of(options)
    if found:
        return Base(model, find_tokenizer(found).tokenizer)
    if options.model is None and options.parts.roberta is None and texts:
        # The last id of the vocabulary is <mask>, which no text holds.
        return Base(model, train_tokenizer(texts, size=model.config.text.mask_id))
    return Base(model, None)


def _tokenizer_of(options: BaseOptions) -> Path | None:
    if options.tokenizer:
        return options.tokenizer
    roberta = options.parts.roberta
    if roberta:
        return roberta if roberta.is_dir() else None
    beside = options.model.parent / TOKENIZER if options.model else None
    return beside if beside and beside.exists() else None
