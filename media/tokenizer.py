"""A model's tokenizer, in whichever form it comes: a `tokenizer.json`, or a folder of transformers or fairseq."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer

from media import gpt2, huggingface
from media.errors import MediaError
from media.text import load_tokenizer


@dataclass(frozen=True)
class FoundTokenizer:
    """A tokenizer, and what an artefact must know of where it came from."""

    tokenizer: Tokenizer
    vocab_size: int
    """Ids that its model must have. A piece with a later one is `<unk>` to the model."""
    names: Mapping[str, str] = field(default_factory=lambda: huggingface.NAMES)
    """What it calls the model's marks, by their role."""
    file: Path | None = None
    """The `tokenizer.json` that it is, as it stands."""


def find_tokenizer(path: Path) -> FoundTokenizer:
    """The tokenizer that a path leads to.

    Args:
        path: a `tokenizer.json`; a folder of transformers with one, or with RoBERTa's `vocab.json` and `merges.txt`;
            or a folder of fairseq, with `dict.txt`, `encoder.json` and `vocab.bpe`. The first of these that a
            folder has is taken.

    Raises:
        MediaError: there is none of them, or it is damaged.
    """
    if not path.is_dir():
        return _from_file(path)
    for names, read in FORMS.items():
        if all((path / name).is_file() for name in names):
            return read(path)
    known = sorted({name for names in FORMS for name in names})
    present = ", ".join(name for name in known if (path / name).is_file())
    sought = "; or ".join(" and ".join(names) for names in FORMS)
    raise MediaError(
        f"'{path}' holds no whole tokenizer, of its files only: {present or 'none'}. Sought: {sought}. "
        "Name a tokenizer.json, or the folder in which the model's tokenizer was saved."
    )


def _from_file(path: Path) -> FoundTokenizer:
    tokenizer = load_tokenizer(path)
    return FoundTokenizer(tokenizer, _size(tokenizer), file=path)


def _from_transformers(folder: Path) -> FoundTokenizer:
    path = folder / huggingface.FILE
    tokenizer = load_tokenizer(path)
    huggingface.check_prefix(folder)
    return FoundTokenizer(tokenizer, _size(tokenizer), huggingface.special_names(folder), path)


def _from_vocab_and_merges(folder: Path) -> FoundTokenizer:
    tokenizer = huggingface.load_vocab_and_merges(folder)
    return FoundTokenizer(tokenizer, _size(tokenizer), huggingface.special_names(folder))


def _from_fairseq(folder: Path) -> FoundTokenizer:
    tokenizer = gpt2.load_gpt2(folder)
    return FoundTokenizer(tokenizer, tokenizer.get_vocab()[gpt2.MASK] + 1)


def _size(tokenizer: Tokenizer) -> int:
    return 1 + max(tokenizer.get_vocab().values(), default=-1)


FORMS: Final[Mapping[tuple[str, ...], Callable[[Path], FoundTokenizer]]] = {
    (huggingface.FILE,): _from_transformers,
    (huggingface.PIECES, huggingface.MERGES): _from_vocab_and_merges,
    (gpt2.DICTIONARY, gpt2.ENCODER, gpt2.MERGES): _from_fairseq,
}
"""What a folder must hold, in the order in which it is sought, and what reads it."""
