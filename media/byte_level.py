"""Byte-level BPE (Radford et al. 2019) from its two files: pieces with their ids, and merges in their order."""

import json
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from media.errors import MediaError

Merge = tuple[str, str]
"""Two pieces that become one."""
MOST_IDS: Final = 1 << 20
"""More than any vocabulary has: a greater id is a damaged one."""
REMEDY: Final = "Give the files that the model was trained with, unchanged and all from one place."


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        MediaError: it can't be read, or isn't UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"'{path}' can't be read ({error}). {REMEDY}") from error


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        MediaError: the file can't be read, or holds none.
    """
    try:
        found = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise MediaError(f"'{path}' isn't JSON ({error}). {REMEDY}") from error
    if not isinstance(found, dict):
        raise MediaError(f"'{path}' holds no JSON object but a {type(found).__name__}. {REMEDY}")
    return found


def read_pieces(path: Path) -> dict[str, int]:
    """Read `encoder.json` or `vocab.json`: pieces, in which each character stands for a byte, with their ids.

    Raises:
        MediaError: the file can't be read, or an id is none or belongs to two pieces.
    """
    pieces = read_object(path)
    piece_of: dict[int, str] = {}
    for piece, number in pieces.items():
        if not isinstance(number, int) or not 0 <= number < MOST_IDS:
            raise MediaError(f"'{path}' gives the piece {piece!r} the id {number!r}, which is none. {REMEDY}")
        if number in piece_of:
            raise MediaError(f"'{path}' gives {piece_of[number]!r} and {piece!r} the same id {number}. {REMEDY}")
        piece_of[number] = piece
    return pieces


def read_merges(path: Path, pieces: Container[str]) -> list[Merge]:
    """Read `vocab.bpe` or `merges.txt`, in the order in which merges are applied.

    Args:
        path: a file whose first line names its version.
        pieces: the vocabulary.

    Raises:
        MediaError: the file can't be read, or a line isn't two pieces of the vocabulary whose union is one too.
    """
    version, *lines = read_text(path).removesuffix("\n").split("\n")
    if not version.startswith("#version"):
        raise MediaError(f"'{path}', line 1: {version[:40]!r} stands where '#version' must. {REMEDY}")
    merges: list[Merge] = []
    for number, line in enumerate(lines, start=2):
        first, _, second = line.partition(" ")
        if not first or not second or " " in second:
            raise MediaError(f"'{path}', line {number}: {line[:80]!r} isn't two pieces. {REMEDY}")
        missing = next((piece for piece in (first, second, first + second) if piece not in pieces), None)
        if missing is not None:
            raise MediaError(f"'{path}', line {number}: the vocabulary has no piece {missing!r}. {REMEDY}")
        merges.append((first, second))
    return merges


def byte_level_bpe(
    ids: Mapping[str, int],
    merges: Sequence[Merge],
    *,
    unknown: str,
    special: Sequence[str],
    add_prefix_space: bool,
) -> Tokenizer:
    """A tokenizer that keeps case and spaces, and from whose ids the text can be read again.

    Args:
        ids: the vocabulary.
        merges: pairs of its pieces.
        unknown: what stands for a byte that the vocabulary lacks; without it such a byte is left out.
        special: the model's own marks; those that the vocabulary lacks are left out.
        add_prefix_space: whether a first word is read as if a space stood before it.

    Returns:
        A tokenizer without post-processor: `media.tokenize` puts `<s>` and `</s>` around the pieces.
    """
    unk_token = unknown if unknown in ids else None
    tokenizer = Tokenizer(models.BPE(vocab=dict(ids), merges=list(merges), unk_token=unk_token))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([mark for mark in special if mark in ids])
    return tokenizer
