"""Tokenizers as transformers saves them: a folder with `tokenizer.json`, or RoBERTa's `vocab.json` and `merges.txt`."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tokenizers import Tokenizer

from media.byte_level import byte_level_bpe, read_merges, read_object, read_pieces
from media.errors import MediaError

FILE: Final = "tokenizer.json"
PIECES: Final = "vocab.json"
MERGES: Final = "merges.txt"
CONFIG: Final = "tokenizer_config.json"
MARKS: Final = "special_tokens_map.json"
ADDED: Final = "added_tokens.json"

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"bos": "<s>", "pad": "<pad>", "eos": "</s>", "unk": "<unk>", "mask": "<mask>"}
)
"""RoBERTa's marks by their role: `bos` stands first, `eos` last."""
KEYS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "bos": ("cls_token", "bos_token"),
        "pad": ("pad_token",),
        "eos": ("sep_token", "eos_token"),
        "unk": ("unk_token",),
        "mask": ("mask_token",),
    }
)
"""Under which of transformers' keys a folder names them."""
CLASSES: Final = frozenset({"RobertaTokenizer", "RobertaTokenizerFast"})
"""Those that make byte-level BPE of `vocab.json` and `merges.txt`. Others make something else of the same files."""
REMEDY: Final = f"Let transformers write its {FILE}: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)."


def special_names(folder: Path) -> dict[str, str]:
    """What a folder calls its marks, by their role; RoBERTa's names where it doesn't say.

    Raises:
        MediaError: a file can't be read.
    """
    config = _config(folder)
    return {
        role: next((name for key in keys if (name := _content(config.get(key)))), NAMES[role])
        for role, keys in KEYS.items()
    }


def load_vocab_and_merges(folder: Path) -> Tokenizer:
    """The tokenizer of a folder without `tokenizer.json`, equal to transformers' RobertaTokenizer.

    A space is added before the first word where `tokenizer_config.json` says so (`add_prefix_space`).

    Args:
        folder: of `vocab.json` and `merges.txt`, as RoBERTa's and RobBERT's have them.

    Raises:
        MediaError: a file is damaged, the folder is of another class of tokenizers, or a token stands outside of
            `vocab.json`.
    """
    config, names = _config(folder), special_names(folder)
    kind = config.get("tokenizer_class")
    if kind is not None and kind not in CLASSES:
        raise MediaError(f"'{folder / CONFIG}' names a {kind}, of which {PIECES} doesn't tell enough. {REMEDY}")
    pieces = read_pieces(folder / PIECES)
    outside = [name for name in (names["bos"], names["eos"], *_added(folder, config)) if name not in pieces]
    if outside:
        raise MediaError(f"'{folder / PIECES}' lacks the token {outside[0]!r} of its folder. {REMEDY}")
    return byte_level_bpe(
        pieces,
        read_merges(folder / MERGES, pieces),
        unknown=names["unk"],
        special=tuple(names.values()),
        add_prefix_space=bool(config.get("add_prefix_space")),
    )


def check_prefix(folder: Path) -> None:
    """Refuse a folder whose two files contradict each other about a space before the first word.

    transformers believes `tokenizer_config.json`; `tokenizer.json` alone reads as it stands.

    Raises:
        MediaError: they do, or a file can't be read.
    """
    expected = _config(folder).get("add_prefix_space")
    found = _prefix(read_object(folder / FILE).get("pre_tokenizer"))
    if expected is not None and found is not None and bool(expected) != found:
        raise MediaError(
            f"In '{folder}', {FILE} says add_prefix_space {found}, {CONFIG} {bool(expected)}. "
            f"To take {FILE} as it stands, name that file; for what transformers makes of both: {REMEDY}"
        )


def _prefix(pre_tokenizer: Any) -> bool | None:
    """Whether a described pre-tokenizer adds a space before the first word; None where it isn't byte-level."""
    if not isinstance(pre_tokenizer, dict):
        return None
    steps = pre_tokenizer.get("pretokenizers", [pre_tokenizer])
    found = (step.get("add_prefix_space") for step in steps if step.get("type") == "ByteLevel")
    return next((bool(adds) for adds in found), None)


def _config(folder: Path) -> dict[str, Any]:
    """What a folder says about its tokenizer; newer ones say all of it in `tokenizer_config.json`."""
    paths = (folder / MARKS, folder / CONFIG)
    return {key: value for path in paths if path.is_file() for key, value in read_object(path).items()}


def _added(folder: Path, config: dict[str, Any]) -> list[str]:
    """Tokens that were added to a vocabulary; most stand in it already."""
    path, described = folder / ADDED, config.get("added_tokens_decoder")
    names = [*read_object(path)] if path.is_file() else []
    if isinstance(described, dict):
        names += [name for name in map(_content, described.values()) if name]
    return names


def _content(token: Any) -> str | None:
    """A token's text: transformers writes it as such, or with its properties."""
    content = token.get("content") if isinstance(token, dict) else token
    return content if isinstance(content, str) else None
