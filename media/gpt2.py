"""RoBERTa's vocabulary as fairseq keeps it: GPT-2's byte-level pieces, renumbered by a `dict.txt`."""

from collections.abc import Container
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer, pre_tokenizers

from media.byte_level import REMEDY, byte_level_bpe, read_merges, read_pieces, read_text
from media.errors import MediaError
from media.vocabulary import SPECIAL

DICTIONARY: Final = "dict.txt"
ENCODER: Final = "encoder.json"
MERGES: Final = "vocab.bpe"
MASK: Final = "<mask>"
UNKNOWN: Final = "<unk>"
PADDING: Final = "madeupword"
"""How fairseq's words begin that make the vocabulary's size a multiple of 8."""


def load_gpt2(folder: Path) -> Tokenizer:
    """The tokenizer of a RoBERTa of fairseq: no space is added before the first word, and case is kept.

    The piece whose GPT-2 id stands in line i of `dict.txt`, counted from 0, has the id i + 4, after `<s>`, `<pad>`,
    `</s>` and `<unk>`; `<mask>` has the last one. A piece that `dict.txt` lacks is `<unk>` to fairseq: here it
    has an id after `<mask>`, by which `media.tokenize` knows it, because other pieces are merged from it.

    Args:
        folder: of `dict.txt`, and of GPT-2's own `encoder.json` and `vocab.bpe`.

    Raises:
        MediaError: a file is missing or damaged, or doesn't belong to the others; the message names it, and its line.
    """
    pieces = read_pieces(folder / ENCODER)
    byte = next((byte for byte in sorted(pre_tokenizers.ByteLevel.alphabet()) if byte not in pieces), None)
    if byte is not None:
        raise MediaError(f"'{folder / ENCODER}' has no piece for the byte that it writes {byte!r}. {REMEDY}")
    word_of = {piece: str(number) for piece, number in pieces.items()}
    words = set(word_of.values())
    ids = read_dictionary(folder / DICTIONARY, words)
    vocabulary = {piece: ids[word] for piece, word in word_of.items() if word in ids}
    lacking = [piece for piece in pieces if piece not in vocabulary]
    vocabulary |= {word: number for word, number in ids.items() if word not in words}
    vocabulary |= {piece: len(ids) + i for i, piece in enumerate(lacking)}
    merges = read_merges(folder / MERGES, pieces)
    return byte_level_bpe(vocabulary, merges, unknown=UNKNOWN, special=(*SPECIAL, MASK), add_prefix_space=False)


def read_dictionary(path: Path, gpt2_ids: Container[str]) -> dict[str, int]:
    """Read fairseq's `dict.txt`: in each line a word, here a GPT-2 id, and how often training saw it.

    Args:
        path: the file.
        gpt2_ids: those that there are, in decimals.

    Returns:
        The ids of fairseq's words: `<s>`, `<pad>`, `</s>`, `<unk>`, those of the file, and `<mask>`.

    Raises:
        MediaError: the file can't be read, or a line isn't a word and a count, repeats a word, or has one that
            is neither a GPT-2 id nor padding.
    """
    ids = {mark: number for number, mark in enumerate(SPECIAL)}
    for number, line in enumerate(read_text(path).removesuffix("\n").split("\n"), start=1):
        word, _, count = line.rstrip().rpartition(" ")
        if not word or not count.isdecimal():
            raise MediaError(f"'{path}', line {number}: {line[:80]!r} isn't a word and its count. {REMEDY}")
        if word in ids:
            raise MediaError(f"'{path}', line {number}: the word {word!r} stands there again. {REMEDY}")
        if word not in gpt2_ids and not word.startswith(PADDING):
            raise MediaError(f"'{path}', line {number}: {word!r} is no id of {ENCODER}. {REMEDY}")
        ids[word] = len(ids)
    return ids | {MASK: len(ids)}
